import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';

const WATCHDOG = new URL('../process/watchdog.ts', import.meta.url).href;

/** Starts a process with a watchdog of two seconds, which then runs `work`. */
function startWatched(work: string) {
  const script = `
    const { startWatchdog } = await import(${JSON.stringify(WATCHDOG)});
    startWatchdog(2);
    ${work}`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return {
    child,
    output: text(child.stdout),
    ended: once(child, 'exit') as Promise<[number | null, string | null]>,
  };
}

describe('the watchdog', () => {
  test('ends a process whose event loop stands still, with a fatal record', async () => {
    const { output, ended } = startWatched('for (;;);');

    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(JSON.parse(await output)).toMatchObject({ level: 60, msg: 'service.stuck', seconds: 2 });
  });

  test('neither ends nor keeps a process whose work is slow but moves on', async () => {
    const { output, ended } = startWatched(`
      const block = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
      for (let times = 0; times < 3; times++) {
        block(1_200);
        await new Promise((resolve) => setTimeout(resolve, 600));
      }`);

    expect(await ended).toEqual([0, null]);
    expect(await output).toBe('');
  });

  test('does not take a process for stuck that was suspended as a whole', async () => {
    const { child, output, ended } = startWatched(`
      console.log('started');
      await new Promise((resolve) => setTimeout(resolve, 1_500));`);
    await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 4_000)); // longer than the watchdog waits
    child.kill('SIGCONT');

    expect(await ended).toEqual([0, null]);
    expect(await output).toBe('started\n');
  });
});
