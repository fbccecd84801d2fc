import { type AccessTable, atLeast } from './table.ts';

export const MUTATIONS: AccessTable = {
  taskCreate: { verdicts: atLeast('MEMBER'), arrange: ({ projectId }) => ({ projectId, title: 'Another' }) },
  taskUpdate: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newTask }) => ({ id: (await newTask()).id, title: 'Renamed' }),
  },
  taskMove: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newTask }) => {
      const { id, column } = await newTask();
      await newTask(); // below it, so that the call moves it
      return { id, columnId: column.id };
    },
  },
  taskArchive: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newTask }) => ({ id: (await newTask()).id }),
  },
  dependencyAdd: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newTask }) => ({ taskId: (await newTask()).id, blockedById: (await newTask()).id }),
  },
  dependencyRemove: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newTask, addDependency }) => {
      const input = { taskId: (await newTask()).id, blockedById: (await newTask()).id };
      await addDependency(input);
      return input;
    },
  },
  commentAdd: {
    verdicts: atLeast('MEMBER'),
    arrange: async ({ newTask }) => ({ taskId: (await newTask()).id, body: 'Hello' }),
  },
};

export const SUBSCRIPTIONS: AccessTable = {
  boardEvents: { verdicts: atLeast('VIEWER'), arrange: ({ projectId }) => ({ projectId }) },
};
