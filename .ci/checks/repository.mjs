// What both checks share: the files they look at, and how they say what they found.
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder given on the command line, else the repository. */
export const root = resolve(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url)));

/** The matching files in a folder of the repository: path, as it is named in messages, and text. */
export async function read(folder, pattern, options) {
  const names = await readdir(join(root, folder), options).catch(() => []);
  const paths = names.filter((name) => pattern.test(name)).sort().map((name) => join(folder, name));
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

/** Prints the findings as file:line:column. None in no file at all is no success: the check looked at nothing. */
export function report(findings, files, what) {
  for (const { path, line, column, message } of findings) {
    console.error(`${path}:${line}:${column}: ${message}`);
  }
  if (files.length === 0) {
    console.error(`${what}: there is none to check`);
  } else if (findings.length === 0) {
    console.log(`${what}: nothing to complain about in ${files.map(({ path }) => path).join(', ')}`);
  }
  process.exitCode = findings.length > 0 || files.length === 0 ? 1 : 0;
}
