import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

/** A model on loopback that speaks OpenAI's chat completions; markers in the message choose what it does. */
export interface StubModel {
  /** The base address for OpenClaw's settings. */
  readonly url: string;
  /** How often the model was asked on behalf of a session, retries included. */
  calls(sessionKey: string): number;
  close(): Promise<void>;
}

const Question = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
});

/** Usage is the same for every answer, so that a report of it can be checked. */
export const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
const CHUNK_CHARACTERS = 500;

/** Starts the stub on a free port. The markers are the simulator's; its README tells them. */
export async function startStubModel(): Promise<StubModel> {
  const calls = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const raw = await readText(request);
    // OpenClaw also looks for a list of models, and may hang up in the middle of a question.
    if (request.method !== 'POST' || !request.complete) return response.writeHead(404).end();
    const { model, messages } = Question.parse(JSON.parse(raw));
    const order = findOrder(messages);
    const sessionKey = /\(session ([^)]+)\)/.exec(order)?.[1] ?? '';
    calls.set(sessionKey, (calls.get(sessionKey) ?? 0) + 1);
    return answer(response, model, order);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: (sessionKey) => calls.get(sessionKey) ?? 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The latest message with a marker: OpenClaw's own words after a crash have none, and the interrupted order holds on. */
function findOrder(messages: z.infer<typeof Question>['messages']): string {
  const users = messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));
  return users.findLast((text) => text.includes('[[')) ?? users.at(-1) ?? '';
}

const Parts = z.array(z.object({ text: z.string().default('') }));

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts = Parts.safeParse(content);
  return parts.success ? parts.data.map(({ text }) => text).join('') : '';
}

async function answer(response: ServerResponse, model: string, order: string): Promise<void> {
  const marker = (name: string) => new RegExp(`\\[\\[${name}=([^\\]]*)\\]\\]`).exec(order)?.[1];
  if (order.includes('[[hang]]')) return;
  await pause(Number(marker('delay') ?? 0));
  if (response.destroyed) return;
  const status = Number(marker('fail') ?? 200);
  if (status !== 200) {
    const error = { message: `stub failure ${status}`, type: 'server_error', code: 'stub_failure' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    return;
  }
  const long = marker('long');
  const said = long === undefined ? marker('say') : 'Stub text. '.repeat(Number(long)).slice(0, Number(long));
  stream(response, model, order.includes('[[empty]]') ? '' : (said ?? 'stub answer'));
}

function stream(response: ServerResponse, model: string, text: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const about = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model };
  const write = (chunk: object) => response.write(`data: ${JSON.stringify({ ...about, ...chunk })}\n\n`);
  const delta = (part: object, finish_reason: string | null = null) =>
    write({ choices: [{ index: 0, delta: part, finish_reason }] });
  delta({ role: 'assistant', content: '' });
  for (let at = 0; at < text.length; at += CHUNK_CHARACTERS)
    delta({ content: text.slice(at, at + CHUNK_CHARACTERS) });
  delta({}, 'stop');
  write({ choices: [], usage: USAGE });
  response.end('data: [DONE]\n\n');
}
