import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

/** A model on loopback with OpenAI's chat completions API. Markers in the message choose its behaviour. */
export interface StubModel {
  /** The base address for OpenClaw's settings. */
  readonly url: string;
  /** The number of model calls for a session, including retries. */
  calls(sessionKey: string): number;
  close(): Promise<void>;
}

const ChatRequest = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.unknown() })),
});

/** Every answer has the same usage, so that the reported usage can be checked. */
export const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
const CHUNK_CHARACTERS = 500;

/** Starts the stub on a free port. Its markers are those of the simulator; see openclaw-simulator/README.md. */
export async function startStubModel(): Promise<StubModel> {
  const calls = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const raw = await readText(request);
    // OpenClaw also requests a list of models, and can disconnect before a request is complete.
    if (request.method !== 'POST' || !request.complete) return response.writeHead(404).end();
    const { model, messages } = ChatRequest.parse(JSON.parse(raw));
    const instruction = findInstruction(messages);
    const sessionKey = /\(session ([^)]+)\)/.exec(instruction)?.[1] ?? '';
    calls.set(sessionKey, (calls.get(sessionKey) ?? 0) + 1);
    return answer(response, model, instruction);
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

/**
 * Returns the latest user message with a marker. After a crash OpenClaw adds messages without a marker, and the
 * interrupted instruction still applies.
 */
function findInstruction(messages: z.infer<typeof ChatRequest>['messages']): string {
  const users = messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));
  return users.findLast((text) => text.includes('[[')) ?? users.at(-1) ?? '';
}

const Parts = z.array(z.object({ text: z.string().default('') }));

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts = Parts.safeParse(content);
  return parts.success ? parts.data.map(({ text }) => text).join('') : '';
}

async function answer(response: ServerResponse, model: string, instruction: string): Promise<void> {
  const marker = (name: string) => new RegExp(`\\[\\[${name}=([^\\]]*)\\]\\]`).exec(instruction)?.[1];
  if (instruction.includes('[[hang]]')) return;
  await pause(Number(marker('delay') ?? 0));
  if (response.destroyed) return;
  const status = Number(marker('fail') ?? 200);
  if (status !== 200) {
    const error = { message: `stub failure ${status}`, type: 'server_error', code: 'stub_failure' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    return;
  }
  const long = marker('long');
  const answerText =
    long === undefined ? marker('say') : 'Stub text. '.repeat(Number(long)).slice(0, Number(long));
  stream(response, model, instruction.includes('[[empty]]') ? '' : (answerText ?? 'stub answer'));
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
