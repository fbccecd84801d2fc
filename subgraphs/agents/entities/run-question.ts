import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';
import { AgentRun } from './agent-run.ts';

const RunQuestionSchema = defineEntity({
  name: 'RunQuestion',
  tableName: 'run_question',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    runId: () => p.manyToOne(AgentRun).mapToPk().fieldName('run_id'),
    /** The number of the attempt in which the agent asked. */
    attempt: p.integer(),
    body: p.text(),
    /** The answers to choose from; empty when any text is an answer. */
    choices: p.json<string[]>(),
    askedAt: p.datetime().length(3),
    expiresAt: p.datetime().length(3),
    answer: p.text().nullable(),
    answeredBy: p.uuid().nullable(),
    answeredAt: p.datetime().length(3).nullable(),
  },
});

/** A question that an agent asks a person before it continues. */
export class RunQuestion extends RunQuestionSchema.class {}
RunQuestionSchema.setClass(RunQuestion);
