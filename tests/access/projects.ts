import { type AccessTable, ANY_PERSON, atLeast } from './table.ts';

export const MUTATIONS: AccessTable = {
  projectCreate: { verdicts: ANY_PERSON, arrange: ({ newKey }) => ({ key: newKey(), name: 'Another' }) },
  projectUpdate: {
    verdicts: atLeast('ADMIN'),
    arrange: ({ projectId, newKey }) => ({ id: projectId, name: `Renamed ${newKey()}` }),
  },
  memberSet: {
    verdicts: atLeast('ADMIN'),
    arrange: ({ projectId, people }) => ({ projectId, userId: people.VIEWER.id, role: 'VIEWER' }),
  },
  memberRemove: {
    verdicts: atLeast('ADMIN'),
    arrange: async ({ projectId, newMember }) => ({ projectId, userId: (await newMember()).id }),
  },
};

export const SUBSCRIPTIONS: AccessTable = {
  projectEvents: { verdicts: atLeast('VIEWER'), arrange: ({ projectId }) => ({ projectId }) },
};
