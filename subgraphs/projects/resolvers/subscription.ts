import { follows, type StreamEventRoot, show } from '../../../platform/subgraph/subscription.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { MemberChanged, ProjectChanged } from '../../../schema/events/projects.ts';
import type { Role } from '../../../schema/roles.ts';
import { requireProject } from '../access.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';

export type ProjectChangedRoot = StreamEventRoot & { projectId: string };
export type MemberChangedRoot = StreamEventRoot & { userId: string; role: Role | null };

const MAPPINGS = [
  show(ProjectChanged, ({ projectId }) => ({ __typename: 'ProjectChanged', projectId })),
  show(MemberChanged, ({ userId, role }) => ({ __typename: 'MemberChanged', userId, role })),
];

export const Subscription: SubscriptionResolvers = {
  projectEvents: follows(MAPPINGS, ({ projectId, after }, ctx) => ({
    ctx,
    stream: projectStream(projectId),
    after,
    rightsChange: MemberChanged,
    authorise: (fresh) => requireProject(fresh, projectId, 'VIEWER', ['projectId']),
  })),
};
