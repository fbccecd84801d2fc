import type { z } from 'zod';

/** A kind of fact that a subgraph publishes: its name with a version, and the shape of what it says. */
export interface EventDefinition<Payload = unknown> {
  readonly type: string;
  readonly payload: z.ZodType<Payload>;
}

/** Names a past fact, `<subgraph>.<what-happened>.v<n>`. A changed meaning is a new version, never a changed shape. */
export const defineEvent = <Payload>(
  type: string,
  payload: z.ZodType<Payload>,
): EventDefinition<Payload> => ({
  type,
  payload,
});

/** The stream of a project: everything that happens in it, in the order in which it was committed. */
export const projectStream = (projectId: string): string => `project:${projectId}`;
