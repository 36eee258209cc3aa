// Runs a check on a temporary folder with the given files.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export async function run(check, files) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-checks-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const script = fileURLToPath(new URL(check, import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    return { status, stdout, stderr };
  } finally {
    await rm(folder, { recursive: true });
  }
}
