import { z } from 'zod';
import { cleanLine } from '../input/clean-text.ts';
import { DomainError } from '../input/errors.ts';
import { httpsUrl } from '../input/input.ts';
import { cutText } from '../input/text.ts';

/*
 * The actor is one concept in the whole system: the gateway signs it, operations check its rights, and histories and
 * events name it.
 */

/** What a person may do outside of projects. The gateway reads it from the sign-in; it is no row. */
const WorkspaceRole = z.enum(['MEMBER', 'ADMIN']);
export type WorkspaceRole = z.infer<typeof WorkspaceRole>;

const Person = z.strictObject({
  kind: z.literal('person'),
  id: z.uuid(),
  displayName: z.string(),
  avatarUrl: z.string().nullable(),
  workspaceRole: WorkspaceRole.default('MEMBER'),
});

const AgentInRun = z.strictObject({
  kind: z.literal('agent'),
  id: z.uuid(),
  displayName: z.string(),
  /** The run in which the agent acts. */
  runId: z.uuid(),
  /** The scopes in which the run may act, such as the `project:<id>` of its task. */
  scopes: z.array(z.string()),
  /** The person who asked for the run. */
  onBehalfOf: Person,
});

/** An actor that can send a request. */
export const RequestActor = z.discriminatedUnion('kind', [Person, AgentInRun]);

/** A person who signed in. `id` is the same for every sign-in of the same identity. */
export type Person = Readonly<z.infer<typeof Person>>;
/** An agent that works on a run for the person who asked for the run. */
export type AgentInRun = Readonly<z.infer<typeof AgentInRun>>;
/** A part of the system that acts for nobody, such as `agents.reaper`. */
export interface SystemPart {
  readonly kind: 'system';
  readonly part: string;
}

export type RequestActor = Person | AgentInRun;
export type Actor = RequestActor | SystemPart;

export const DISPLAY_NAME_CHARACTERS_MAX = 200;

/**
 * Makes a person of what somebody outside says about it, such as the claims of an identity provider. The name is cleaned
 * as every line is and cut to 200 characters. A picture that is not at an https address of at most 2,000 characters is
 * left out: it must not keep its person from signing in. Without a role in the workspace it is a member.
 */
export const person = (identity: {
  id: string;
  displayName: string;
  avatarUrl: string | null;
  workspaceRole?: WorkspaceRole;
}): Person => ({
  kind: 'person',
  id: identity.id,
  displayName: cutText(cleanLine(identity.displayName), DISPLAY_NAME_CHARACTERS_MAX),
  avatarUrl: httpsUrl.nullable().catch(null).parse(identity.avatarUrl),
  workspaceRole: identity.workspaceRole ?? 'MEMBER',
});

export const systemPart = (part: string): SystemPart => ({ kind: 'system', part });

/** The person whose rights count: the actor, or the person for whom an agent acts. */
export const personOf = (actor: RequestActor): Person => (actor.kind === 'agent' ? actor.onBehalfOf : actor);

/** Whether an admin of the workspace acts. An agent in a run has no role in the workspace, whoever asked for the run. */
export const isWorkspaceAdmin = (actor: Actor): boolean =>
  actor.kind === 'person' && actor.workspaceRole === 'ADMIN';

/** The person who acts. Throws FORBIDDEN for an agent, which acts only in the project of its run. */
export function requirePerson(actor: RequestActor): Person {
  if (actor.kind === 'person') return actor;
  throw new DomainError('FORBIDDEN', 'Only a person may do this');
}

/** An actor as the event log keeps it: by ids, because names change. */
export type ActorReference =
  | { kind: 'person'; id: string }
  | { kind: 'agent'; id: string; runId: string; personId: string }
  | { kind: 'system'; part: string };

export function referenceTo(actor: Actor): ActorReference {
  switch (actor.kind) {
    case 'person':
      return { kind: 'person', id: actor.id };
    case 'agent':
      return { kind: 'agent', id: actor.id, runId: actor.runId, personId: actor.onBehalfOf.id };
    case 'system':
      return { kind: 'system', part: actor.part };
  }
}

/** A text that is different for every actor, for keys. An agent in a run is another caller than its person. */
export const actorKey = (actor: Actor): string => {
  if (actor.kind === 'system') return `system:${actor.part}`;
  return actor.kind === 'agent' ? `agent:${actor.id}:${actor.runId}` : actor.id;
};
