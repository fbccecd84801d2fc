import { type AccessTable, ANY_PERSON, atLeast, MAKER_ONLY } from './table.ts';

export const MUTATIONS: AccessTable = {
  agentCreate: { verdicts: ANY_PERSON, arrange: ({ newSlug }) => ({ name: 'Another', slug: newSlug() }) },
  agentUpdate: {
    verdicts: MAKER_ONLY,
    arrange: async ({ newAgent }) => ({ id: (await newAgent()).id, name: 'Renamed' }),
  },
  agentArchive: { verdicts: MAKER_ONLY, arrange: async ({ newAgent }) => ({ id: (await newAgent()).id }) },
  agentWake: {
    verdicts: MAKER_ONLY,
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
