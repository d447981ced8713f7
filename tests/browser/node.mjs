// Makes a data folder with an export and a chat, serves it on a free port, and removes it with the tests.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const START_WAIT_MS = 30_000;
const EXAMPLES = new URL('../../testdata/', import.meta.url).pathname;

/** A node with the given export and lookup tables of testdata: the address of its chat, and how to stop it. */
export async function startNode(exportFile, tables) {
  const binary = process.env.SEEDLING_BINARY;
  if (!binary) throw new Error('set SEEDLING_BINARY to the seedling binary, or run `cargo x test`');
  const data = mkdtempSync(join(tmpdir(), 'seedling-browser-'));
  const run = (words, input) => execFileSync(binary, [...words, '--data', data], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  run(['init', '--workspace', 'Clinic', '--admin', 'nurse@example.org', '--password-file', '-'], 'correct horse battery');
  for (const table of tables) run(['table', 'import', join(EXAMPLES, table)]);
  run(['import', join(EXAMPLES, exportFile)]);
  const channel = run(['channel', 'add', 'webchat', '--name', 'Chat', '--config', '{}']).trim().split('\n').pop();
  const child = spawn(binary, ['serve', '--data', data, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the node did not say where it listens')), START_WAIT_MS);
    child.once('exit', (code) => reject(new Error(`the node ended with status ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /serves (http:\S+)/.exec(line);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const status = await ended;
    rmSync(data, { recursive: true, force: true });
    return status;
  };
  return { chat: `${address}/chat/${channel}`, stop };
}
