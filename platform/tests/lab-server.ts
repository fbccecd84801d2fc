import { createHash } from 'node:crypto';
import { parse } from 'graphql';
import { SignJWT } from 'jose';
import { SCALARS } from '../graphql/scalars.ts';
import { person } from '../identity/actor.ts';
import { requireRole } from '../identity/grants.ts';
import { signingKey, signStatement } from '../identity/statement.ts';
import type { SubgraphConfig } from '../process/config.ts';
import { type GraphqlServer, serveGraphql } from '../subgraph/graphql-server.ts';
import type { RequestContext } from '../subgraph/request.ts';
import type { Subgraph } from '../subgraph/subgraph.ts';
import { follows, show } from '../subgraph/subscription.ts';
import { NoteStruck, NoteWritten } from './world.ts';

const MAPPINGS = [show(NoteWritten, ({ text }) => ({ __typename: 'NoteWritten', text }))];

export const ADA = person({
  id: '0192f0c1-7b7a-7c3e-8a55-1f1f4b3d2a10',
  displayName: 'Ada',
  avatarUrl: null,
});
export const SECRET = 'a signing key of the tests, 32 characters';
export const KEY = signingKey(SECRET);

const TYPE_DEFS = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@key"])
  scalar DateTime
  scalar EventCursor
  type Query { whoAmI: String, break: String, note: String }
  type Note @key(fields: "id") { id: ID! }
  type Subscription { notes(stream: String!, after: EventCursor): StreamEvent }
  interface StreamEvent { cursor: EventCursor! occurredAt: DateTime! }
  type StreamCaughtUp implements StreamEvent { cursor: EventCursor! occurredAt: DateTime! }
  type NoteWritten implements StreamEvent {
    cursor: EventCursor!  occurredAt: DateTime!  text: String!
    "The number of the context in which this event is resolved, counted from 1."
    context: Int!
    break: String
    "Is read from a database that may be crowded."
    crowded: String
  }
`);

/** The message of a bug, which must not leave the subgraph. */
export const BUG = 'select * from secret_table';
const fail = () => {
  throw new TypeError(BUG);
};

let crowdedReads = 0;
/** Makes the next reads of the field `crowded` fail, as when the pool of the database has no free connection. */
export const crowd = (reads: number): void => {
  crowdedReads = reads;
};
function readCrowded(): string {
  if (crowdedReads === 0) return 'read';
  crowdedReads -= 1;
  throw new Error('timeout exceeded when trying to connect');
}

/** Serves the subgraph of these tests, whose contexts are numbered. A struck note means that rights changed. */
export function serveLab(subgraph: Subgraph, port = 0): Promise<GraphqlServer> {
  let contexts = 0;
  type LabContext = RequestContext & { number: number };
  return serveGraphql<LabContext>({
    subgraph,
    typeDefs: TYPE_DEFS,
    resolvers: {
      ...SCALARS,
      Query: {
        whoAmI: (_root: unknown, _args: unknown, ctx: LabContext) => ctx.viewer.displayName,
        break: fail,
        note: (_root: unknown, _args: unknown, ctx: LabContext) => void ctx.log.info('lab.noted'),
      },
      Note: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
      NoteWritten: {
        context: (_root: unknown, _args: unknown, ctx: LabContext) => ctx.number,
        break: fail,
        crowded: readCrowded,
      },
      Subscription: {
        notes: follows(
          MAPPINGS,
          ({ stream, after }: { stream: string; after?: string }, ctx: LabContext) => ({
            ctx,
            stream,
            after,
            rightsChange: NoteStruck,
            authorise: (fresh) =>
              requireRole(fresh.grants, stream, 'VIEWER', {
                kind: 'Notebook',
                id: stream.slice('notebook:'.length),
              }),
          }),
        ),
      },
    },
    extendContext: (ctx) => ({ ...ctx, number: ++contexts }),
    config: { HOST: '127.0.0.1', GATEWAY_SIGNING_KEY: SECRET } satisfies Partial<SubgraphConfig>,
    port: { setting: 'LAB_PORT', value: port },
  });
}

/** Signs a statement that expired a minute ago. */
export const signExpired = (body: string): Promise<string> =>
  new SignJWT({ actor: ADA, body: createHash('sha256').update(body).digest('base64url') })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('team-board-gateway')
    .setAudience('lab')
    .setExpirationTime(Math.floor(Date.now() / 1000) - 60)
    .sign(KEY);

/** The ways in which a statement over a body can be invalid. */
export const WRONG_STATEMENTS: [string, (body: string) => Promise<string> | undefined][] = [
  ['unsigned', () => undefined],
  ['signed with nonsense', async () => 'a.b.c'],
  ['signed for another subgraph', (body) => signStatement(KEY, 'agents', ADA, body)],
  ['signed over another body', (body) => signStatement(KEY, 'lab', ADA, `${body} `)],
  ['signed with another key', (body) => signStatement(signingKey('another'.repeat(6)), 'lab', ADA, body)],
  ['expired', signExpired],
];
