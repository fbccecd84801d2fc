import { defineEntity, p } from '@mikro-orm/core';
import { AgentRun } from './agent-run.ts';

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
    runId: () => p.manyToOne(AgentRun).mapToPk().primary().fieldName('run_id'),
    /** Counts from 1 in each run. */
    seq: p.integer().primary(),
    kind: p.text().$type<RunActivityKind>(),
    text: p.text(),
    /** The number of the attempt in which it happened; 0 before the first. */
    attempt: p.integer(),
    occurredAt: p.datetime().length(3),
  },
});

/** Something that happened in a run. Activities are never changed. */
export class RunActivity extends RunActivitySchema.class {}
RunActivitySchema.setClass(RunActivity);
