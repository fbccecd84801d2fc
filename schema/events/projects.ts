import { z } from 'zod';
import { ROLES } from '../roles.ts';
import { defineEvent } from './event.ts';

/** A project was created or changed; the payload is the project as it then was. */
export const ProjectChanged = defineEvent(
  'projects.project-changed.v1',
  z.object({ projectId: z.uuid(), key: z.string(), name: z.string(), description: z.string().nullable() }),
);

/** A person's role in a project changed; `role` is null when the person left. Rights end with this event. */
export const MemberChanged = defineEvent(
  'projects.member-changed.v1',
  z.object({ projectId: z.uuid(), userId: z.uuid(), role: z.enum(ROLES).nullable() }),
);
