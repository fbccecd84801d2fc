import { defineEntity, p } from '@mikro-orm/core';

/** What happened in a run; the same names as the GraphQL enum `RunActivityKind`. */
export type RunActivityKind =
  | 'ATTEMPT'
  | 'QUESTION'
  | 'ANSWER'
  | 'ERROR'
  | 'CANCEL'
  | 'RESPONSE'
  | 'LATE_REPORT';

const RunActivitySchema = defineEntity({
  name: 'RunActivity',
  tableName: 'run_activity',
  properties: {
    runId: p.uuid().primary(),
    seq: p.integer().primary(),
    kind: p.string().$type<RunActivityKind>(),
    text: p.text(),
    attempt: p.integer(),
    occurredAt: p.datetime().length(3),
  },
});

/** Something that happened in a run, in order. Never changed, never removed. */
export class RunActivity extends RunActivitySchema.class {}
RunActivitySchema.setClass(RunActivity);
