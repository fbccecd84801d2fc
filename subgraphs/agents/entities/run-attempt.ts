import { defineEntity, p } from '@mikro-orm/core';
import { AgentRun, type RunFailureCode } from './agent-run.ts';

/** What one model cost. A value that OpenClaw did not report is null: 0 would mean that it cost nothing. */
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
    runId: () => p.manyToOne(AgentRun).mapToPk().primary().fieldName('run_id'),
    /** Counts from 1. */
    number: p.integer().primary(),
    /** The session in OpenClaw. An attempt that continues after an answer uses the session of the one before. */
    sessionKey: p.text(),
    /** The name of the target that it is handed to. */
    target: p.string().length(40),
    /** The exact bytes of the hand-over. A repeat sends the same bytes; others would start a second run in OpenClaw. */
    requestBody: p.text(),
    isPromptCut: p.boolean(),
    /**
     * What its session was told at the beginning, which is for those who manage the agent; empty for nothing. Null for an
     * old attempt of which it is not known.
     */
    systemPrompt: p.text().nullable(),
    startedAt: p.datetime().length(3),
    endedAt: p.datetime().length(3).nullable(),
    failureCode: p.text().$type<RunFailureCode>().nullable(),
    failureMessage: p.text().nullable(),
    /** The agent's last message, whatever was read out of it; null when it said nothing. */
    message: p.text().nullable(),
    isMessageTruncated: p.boolean().default(false),
    usage: p.json<ModelUsage>().nullable(),
    /** After a restart OpenClaw may report an error first and a success later: the error counts from this time on. */
    doubtUntil: p.datetime().length(3).nullable(),
    doubtedMessage: p.text().nullable(),
  },
});

/** A run handed to OpenClaw as new work. Every report of OpenClaw belongs to an attempt. */
export class RunAttempt extends RunAttemptSchema.class {}
RunAttemptSchema.setClass(RunAttempt);
