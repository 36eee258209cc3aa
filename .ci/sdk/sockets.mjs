// Uses a Weir on this machine as an application would: node sockets.mjs PORT. NodeSdkTests starts the Weir and its backends.
import assert from 'node:assert/strict';
import OpenAI, { AzureOpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { ResponsesWS } from 'openai/resources/responses/ws';

// the test's own certificate
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const server = `https://127.0.0.1:${process.argv[2]}`;
const client = new OpenAI({ apiKey: 'of-the-client', baseURL: `${server}/v1`, maxRetries: 0 });

/** The first event of a type; an error event, or the end of the connection, fails. */
function event(connection, type) {
  return new Promise((resolve, reject) => {
    connection.on(type, resolve);
    connection.on('error', reject);
    connection.socket?.on?.('close', (code) => reject(new Error(`closed with ${code} before ${type}`)));
  });
}

function closed(socket) {
  return new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
}

async function realtime(connection) {
  const created = await event(connection, 'session.created');
  assert.equal(created.session.model, 'deployment-b');
  connection.send({ type: 'response.create' });
  const done = await event(connection, 'response.done');
  assert.equal(done.response.usage.output_tokens, 7);
  const end = closed(connection.socket);
  connection.close({ code: 1000, reason: 'OK' });
  assert.equal((await end).code, 1000);
}

// the first backend responds to the handshake with 429, so the second serves it
await realtime(new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client));
await realtime(await OpenAIRealtimeWS.azure(new AzureOpenAI({ apiKey: 'of-the-client', endpoint: server,
  apiVersion: '2025-04-01-preview', deployment: 'gpt-realtime' })));

const responses = new ResponsesWS(client);
for (const model of ['m1', 'm2', 'm1']) {
  const completed = event(responses, 'response.completed');
  responses.send({ type: 'response.create', model, input: 'hi' });
  assert.equal((await completed).response.model, `deployment-of-${model}`);
}
responses.close();

const missing = new OpenAIRealtimeWS({ model: 'unknown' }, client);
await assert.rejects(event(missing, 'session.created'), /404/);
console.log('all passed');
process.exit(0);
