import { defineEntity, p } from '@mikro-orm/core';
import type { RunFailureCode } from './agent-run.ts';

/** What one model cost. What was not reported is null: 0 would say that it cost nothing. */
export interface ModelUsage {
  model: string;
  inputTokens: number | null;
  outputTokens: number | null;
  /** In millionths of a US dollar. */
  costMicros: number | null;
}

const RunAttemptSchema = defineEntity({
  name: 'RunAttempt',
  tableName: 'run_attempt',
  properties: {
    runId: p.uuid().primary(),
    number: p.integer().primary(),
    /** The session in OpenClaw. An attempt that goes on after an answer has the session of the one before. */
    sessionKey: p.string(),
    /** The OpenClaw that it was handed to. */
    target: p.string(),
    /** The exact bytes handed over; a repeat sends the same, or OpenClaw would start a second run. */
    requestBody: p.text(),
    isPromptCut: p.boolean(),
    startedAt: p.datetime().length(3),
    endedAt: p.datetime().length(3).nullable(),
    failureCode: p.string().$type<RunFailureCode>().nullable(),
    failureMessage: p.text().nullable(),
    usage: p.json<ModelUsage>().nullable(),
    /** After a restart OpenClaw may report an error first and the success later: the error counts from this time on. */
    doubtUntil: p.datetime().length(3).nullable(),
    doubtedMessage: p.text().nullable(),
  },
});

/** One time that a run was handed to OpenClaw as new work. What OpenClaw reports belongs to an attempt. */
export class RunAttempt extends RunAttemptSchema.class {}
RunAttemptSchema.setClass(RunAttempt);
