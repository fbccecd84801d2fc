import { follows, type StreamEventRoot, show } from '../../../platform/subgraph/subscription.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { MemberChanged } from '../../../schema/events/projects.ts';
import { CommentAdded, TaskChanged, TaskRemoved } from '../../../schema/events/tasks.ts';
import { requireProject } from '../access.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';

export type TaskChangedRoot = StreamEventRoot & { taskId: string; changedFields: string[] };
export type TaskRemovedRoot = StreamEventRoot & { taskId: string };
export type CommentAddedRoot = StreamEventRoot & { taskId: string; commentId: string };

const MAPPINGS = [
  show(TaskChanged, ({ taskId, changedFields }) => ({ __typename: 'TaskChanged', taskId, changedFields })),
  show(TaskRemoved, ({ taskId }) => ({ __typename: 'TaskRemoved', taskId })),
  show(CommentAdded, ({ taskId, commentId }) => ({ __typename: 'CommentAdded', taskId, commentId })),
];

export const Subscription: SubscriptionResolvers = {
  boardEvents: follows(MAPPINGS, ({ projectId, after }, ctx) => ({
    ctx,
    stream: projectStream(projectId),
    after,
    rightsChange: MemberChanged,
    authorise: (fresh) => requireProject(fresh, projectId, 'VIEWER', ['projectId']),
  })),
};
