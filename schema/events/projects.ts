import { z } from 'zod';
import { ROLES } from '../roles.ts';
import { defineEvent } from './event.ts';

/** The stream of a person: what other subgraphs need to know of that person, in no project's stream. */
export const userStream = (userId: string): string => `user:${userId}`;

/** A project was created or changed; the payload is the project after the change. In the stream of the project. */
export const ProjectChanged = defineEvent(
  'projects.project-changed.v1',
  z.object({ projectId: z.uuid(), key: z.string(), name: z.string(), description: z.string().nullable() }),
);

/**
 * A person got a role in a project, got another one, or left; `role` is null when the person left.
 * In the stream of the project. Later events of that stream were committed under the new role.
 */
export const MemberChanged = defineEvent(
  'projects.member-changed.v1',
  z.object({ projectId: z.uuid(), userId: z.uuid(), role: z.enum(ROLES).nullable() }),
);

/** A person signed in for the first time, or with another name or picture. In the stream of the person. */
export const UserChanged = defineEvent(
  'projects.user-changed.v1',
  z.object({ userId: z.uuid(), displayName: z.string(), avatarUrl: z.string().nullable() }),
);
