import { follows, type StreamEventRoot, show } from '../../../platform/subgraph/subscription.ts';
import { AgentChanged, RunChanged, type RunState } from '../../../schema/events/agents.ts';
import { projectStream } from '../../../schema/events/event.ts';
import { MemberChanged } from '../../../schema/events/projects.ts';
import { requireProject, requireRun } from '../access.ts';
import { isFinal } from '../entities/run-states.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';

export type AgentRunChangedRoot = StreamEventRoot & { runId: string; state: RunState };
export type AgentStatusChangedRoot = StreamEventRoot & { agentId: string };

const RUN_MAPPINGS = [
  show(
    RunChanged,
    ({ runId, state }) => ({ __typename: 'AgentRunChanged', runId, state }),
    ({ state }) => isFinal(state),
  ),
];
const STATUS_MAPPINGS = [
  show(AgentChanged, ({ agentId }) => ({ __typename: 'AgentStatusChanged', agentId })),
];

export const Subscription: SubscriptionResolvers = {
  agentRunEvents: follows(async ({ runId, after }, ctx) => {
    const run = await requireRun(ctx, runId, 'VIEWER', ['runId']);
    return {
      ctx,
      stream: projectStream(run.projectId),
      after,
      subject: run.id,
      mappings: RUN_MAPPINGS,
      rightsChange: MemberChanged,
      authorise: (fresh) => requireRun(fresh, runId, 'VIEWER', ['runId']),
      isOver: isFinal(run.state),
    };
  }),
  agentStatusEvents: follows(({ projectId, after }, ctx) => ({
    ctx,
    stream: projectStream(projectId),
    after,
    mappings: STATUS_MAPPINGS,
    rightsChange: MemberChanged,
    authorise: (fresh) => requireProject(fresh, projectId, 'VIEWER', ['projectId']),
  })),
};
