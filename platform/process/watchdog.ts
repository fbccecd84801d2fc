import inspector from 'node:inspector';
import { Worker } from 'node:worker_threads';

const BEAT_MS = 500;

/**
 * Ends this process with SIGKILL and a fatal record when its event loop stands still, so that its supervisor starts it
 * again. Without this a process in an endless loop answers nobody, logs nothing and ignores SIGTERM.
 *
 * A thread of its own watches. It counts its own seconds and not the clock's, so that a process which was suspended as a
 * whole is not taken for stuck. `stuckSeconds` is how long the event loop may stand still. Nothing is watched under a
 * debugger, which may stop it for as long as somebody thinks.
 */
export function startWatchdog(stuckSeconds: number): void {
  if (inspector.url()) return;
  const beats = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS).unref();
  const watcher = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
    workerData: { beats, stuckSeconds },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  watcher.unref();
}
