import type { CodegenConfig } from '@graphql-codegen/cli';

const SCALARS = {
  DateTime: { input: 'string', output: 'Date | string' },
  EventCursor: 'string',
  SafeInt: 'number',
  ID: 'string',
};

/** The types of a subgraph's resolvers: `mappers` say which row stands behind which type of the schema. */
const subgraph = (name: string, context: string, mappers: Record<string, string>) => ({
  [`subgraphs/${name}/generated/resolvers.ts`]: {
    schema: ['schema/common.graphql', `schema/${name}.graphql`],
    plugins: ['typescript', 'typescript-resolvers'],
    config: {
      federation: true,
      useTypeImports: true,
      enumsAsConst: true,
      scalars: SCALARS,
      contextType: `../loaders.ts#${context}`,
      mappers,
      optionalResolveType: true,
    },
  },
});

const config: CodegenConfig = {
  overwrite: true,
  noSilentErrors: true,
  importExtension: '.ts',
  generates: {
    // Typed documents of the demo, the tests and the benchmarks.
    'generated/client/': {
      schema: 'schema/api.graphql',
      documents: ['scripts/**/*.ts', 'tests/**/*.ts', 'bench/**/*.ts'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsConst: true,
        scalars: { DateTime: 'string', EventCursor: 'string', SafeInt: 'number' },
      },
    },
    ...subgraph('agents', 'AgentsContext', {
      Agent: '../entities/agent.ts#Agent as AgentRow',
      AgentRun: '../entities/agent-run.ts#AgentRun as AgentRunRow',
      RunAttempt: '../entities/run-attempt.ts#RunAttempt as RunAttemptRow',
      RunQuestion: '../entities/run-question.ts#RunQuestion as RunQuestionRow',
      RunActivity: '../entities/run-activity.ts#RunActivity as RunActivityRow',
      OpenClawTarget: '../queries/target-offers.ts#TargetOffer',
      AgentRunChanged: '../resolvers/subscription.ts#AgentRunChangedRoot',
      AgentStatusChanged: '../resolvers/subscription.ts#AgentStatusChangedRoot',
    }),
    ...subgraph('tasks', 'TasksContext', {
      Task: '../entities/task.ts#Task as TaskRow',
      BoardColumn: '../entities/board-column.ts#BoardColumn as BoardColumnRow',
      Comment: '../entities/comment.ts#Comment as CommentRow',
      TaskChange: '../entities/task-change.ts#TaskChange as TaskChangeRow',
      TaskChanged: '../resolvers/subscription.ts#TaskChangedRoot',
      TaskRemoved: '../resolvers/subscription.ts#TaskRemovedRoot',
      CommentAdded: '../resolvers/subscription.ts#CommentAddedRoot',
    }),
    ...subgraph('chat', 'ChatContext', {
      Channel: '../entities/channel.ts#Channel as ChannelRow',
      Message: '../entities/message.ts#Message as MessageRow',
      MessageChanged: '../resolvers/subscription.ts#MessageChangedRoot',
    }),
    ...subgraph('projects', 'ProjectsContext', {
      Project: '../entities/project.ts#Project as ProjectRow',
      ProjectMember: '../entities/member.ts#Member as MemberRow',
      User: '../entities/user.ts#User as UserRow',
      ProjectChanged: '../resolvers/subscription.ts#ProjectChangedRoot',
      MemberChanged: '../resolvers/subscription.ts#MemberChangedRoot',
    }),
  },
};

export default config;
