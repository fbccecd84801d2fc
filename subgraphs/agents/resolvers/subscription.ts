import { follows, type StreamEventRoot, show } from '../../../platform/subgraph/subscription.ts';
import { AgentChanged, RunChanged, type RunState } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { MemberChanged } from '../../../schema/events/projects.ts';
import { requireProject, requireRun } from '../access.ts';
import { isFinal } from '../entities/run-states.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';

export type AgentRunChangedRoot = StreamEventRoot & { runId: string; state: RunState };
export type AgentStatusChangedRoot = StreamEventRoot & { agentId: string };

const runChanged = show(
  RunChanged,
  ({ runId, state }) => ({ __typename: 'AgentRunChanged', runId, state }),
  ({ state }) => isFinal(state),
);
const statusChanged = show(AgentChanged, ({ agentId }) => ({ __typename: 'AgentStatusChanged', agentId }));

export const Subscription: SubscriptionResolvers = {
  agentRunEvents: follows([runChanged], async ({ runId, after }, ctx) => {
    const run = await requireRun(ctx, runId, 'VIEWER', ['runId']);
    return {
      ctx,
      stream: projectStream(run.projectId),
      after,
      subject: run.id,
      rightsChange: MemberChanged,
      authorise: (fresh) => requireRun(fresh, runId, 'VIEWER', ['runId']),
      isOver: isFinal(run.state),
    };
  }),
  agentStatusEvents: follows([statusChanged], ({ projectId, after }, ctx) => ({
    ctx,
    stream: projectStream(projectId),
    after,
    rightsChange: MemberChanged,
    authorise: (fresh) => requireProject(fresh, projectId, 'VIEWER', ['projectId']),
  })),
};
