import { type AccessTable, atLeast, MAKER_ONLY, type Verdicts } from './table.ts';

/** The agent's owner and admins of the workspace, who need not be in a project. */
const MANAGERS_ONLY: Verdicts = { ...MAKER_ONLY, WORKSPACE_ADMIN: 'OK' };

export const MUTATIONS: AccessTable = {
  agentCreate: {
    verdicts: { ...atLeast('MEMBER'), AGENT: 'FORBIDDEN' },
    arrange: ({ newSlug, projectId }) => ({ name: 'Another', slug: newSlug(), projectIds: [projectId] }),
  },
  agentUpdate: {
    verdicts: MANAGERS_ONLY,
    arrange: async ({ newAgent }) => ({ id: (await newAgent()).id, name: 'Renamed' }),
  },
  agentArchive: { verdicts: MANAGERS_ONLY, arrange: async ({ newAgent }) => ({ id: (await newAgent()).id }) },
  agentTakeOver: {
    verdicts: { ...MANAGERS_ONLY, OWNER: 'FORBIDDEN' },
    arrange: async ({ newAgent }) => ({ id: (await newAgent()).id }),
  },
  agentWake: {
    verdicts: MANAGERS_ONLY,
    arrange: async ({ newAgent }) => ({ agentId: (await newAgent()).id, text: 'Hello' }),
  },
  agentRunStart: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newAgent, newTask }) => ({
      agentId: (await newAgent()).id,
      taskId: (await newTask()).id,
      instruction: 'Draft it',
    }),
  },
  agentRunCancel: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newRun }) => ({ id: (await newRun('[[hang]]', 'RUNNING')).id }),
  },
  agentRunRetry: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newRun }) => ({ id: (await newRun('[[fail=400]]', 'FAILED')).id }),
  },
  agentRunAnswer: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newRun }) => {
      const { question } = await newRun('[[say=QUESTION: Which?]]', 'INPUT_REQUIRED');
      return { questionId: question?.id, answer: 'This one' };
    },
  },
};

export const SUBSCRIPTIONS: AccessTable = {
  agentRunEvents: {
    verdicts: atLeast('VIEWER'),
    arrange: async ({ newRun }) => ({ runId: (await newRun('[[hang]]', 'RUNNING')).id }),
  },
  agentStatusEvents: { verdicts: atLeast('VIEWER'), arrange: ({ projectId }) => ({ projectId }) },
};
