// Starts `seedling demo` on a free port and a temporary folder, and stops it with the tests.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const START_WAIT_MS = 30_000;

/** The running demo: its addresses, what its carrier got, and how to stop it. */
export async function startDemo() {
  const binary = process.env.SEEDLING_BINARY;
  if (!binary) throw new Error('set SEEDLING_BINARY to the seedling binary, or run `cargo x test`');
  const child = spawn(binary, ['demo', '--listen', '127.0.0.1:0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const received = [];
  const addresses = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the demo did not say where it listens')), START_WAIT_MS);
    child.once('exit', (code) => reject(new Error(`the demo ended with status ${code}`)));
    lines.on('line', (line) => {
      const said = JSON.parse(line);
      if (said.chat) {
        clearTimeout(timer);
        resolve(said);
      } else {
        received.push(said);
      }
    });
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    return ended;
  };
  return { ...addresses, received, stop };
}
