import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { FaultsChange } from './faults.ts';
import { readBody, send } from './http.ts';

/** The options of a simulated restart. The process stays the same; the state that OpenClaw keeps in memory is lost. */
export const RestartOptions = z.strictObject({
  /** How long connections are refused; 20 by default. */
  downMs: z.int().min(0).max(600_000).optional(),
  /** Wait for running runs and their callbacks first, as SIGTERM does. */
  drain: z.boolean().optional(),
  /** Run interrupted persistent sessions again, as OpenClaw's own recovery does. */
  recover: z.boolean().optional(),
});
export type RestartOptions = z.infer<typeof RestartOptions>;

/** What the path changes and shows of a simulator. */
export interface ControlledSimulator {
  set(change: FaultsChange): void;
  restart(options: RestartOptions, exceptSocket: Socket): Promise<void>;
  state(): object;
}

const Change = FaultsChange.extend({ restart: z.union([z.literal(true), RestartOptions]).optional() });

const CHANGE_BYTES_MAX = 64 * 1024;
const CHANGE_TIMEOUT_MS = 10_000;

/** GET /__simulator returns the state. POST changes faults or restarts, then returns it. OpenClaw has no such path. */
export async function control(
  simulator: ControlledSimulator,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (request.method === 'POST') {
    // A web page cannot send this type to another origin without a preflight, so it cannot reach the simulator.
    if (!request.headers['content-type']?.startsWith('application/json')) {
      return send.refusal(response, 415, 'content-type must be application/json');
    }
    const body = await readBody(request, CHANGE_BYTES_MAX, CHANGE_TIMEOUT_MS);
    const change = Buffer.isBuffer(body) ? readChange(body) : String(body);
    if (typeof change === 'string') return send.refusal(response, 400, change);
    const { restart, ...faults } = change;
    simulator.set(faults);
    if (restart) await simulator.restart(restart === true ? {} : restart, request.socket);
  } else if (request.method !== 'GET') {
    return send.methodNotAllowed(response, 'GET, POST');
  }
  send.json(response, 200, simulator.state());
}

function readChange(body: Buffer): z.infer<typeof Change> | string {
  try {
    const parsed = Change.safeParse(JSON.parse(body.toString('utf8')));
    return parsed.success ? parsed.data : z.prettifyError(parsed.error);
  } catch (error) {
    return (error as Error).message;
  }
}
