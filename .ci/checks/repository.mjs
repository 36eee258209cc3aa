// Shared by both checks: reads the files and prints the findings.
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder named on the command line, else the root of the repository. */
export const root = resolve(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url)));

/** Reads the matching files in a folder of the repository: path relative to the root, and text. */
export async function read(folder, pattern, options) {
  const names = await readdir(join(root, folder), options).catch(() => []);
  const paths = names.filter((name) => pattern.test(name)).sort().map((name) => join(folder, name));
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

/** Prints the findings as file:line:column. Without any file the check fails. */
export function report(findings, files, what) {
  for (const { path, line, column, message } of findings) {
    console.error(`${path}:${line}:${column}: ${message}`);
  }
  if (files.length === 0) {
    console.error(`${what}: there is no file to check`);
  } else if (findings.length === 0) {
    console.log(`${what}: no findings in ${files.map(({ path }) => path).join(', ')}`);
  }
  process.exitCode = findings.length > 0 || files.length === 0 ? 1 : 0;
}
