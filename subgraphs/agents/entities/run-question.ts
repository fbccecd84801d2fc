import { defineEntity, p } from '@mikro-orm/core';
import { v7 as uuidv7 } from 'uuid';

const RunQuestionSchema = defineEntity({
  name: 'RunQuestion',
  tableName: 'run_question',
  properties: {
    id: p
      .uuid()
      .primary()
      .onCreate(() => uuidv7()),
    runId: p.uuid(),
    /** The attempt in which it was asked. */
    attempt: p.integer(),
    body: p.text(),
    /** Empty: to be answered in own words. */
    choices: p.json<string[]>(),
    askedAt: p.datetime().length(3),
    expiresAt: p.datetime().length(3),
    answer: p.text().nullable(),
    answeredBy: p.uuid().nullable(),
    answeredAt: p.datetime().length(3).nullable(),
  },
});

/** Something that an agent wants to know of a person before it goes on. */
export class RunQuestion extends RunQuestionSchema.class {}
RunQuestionSchema.setClass(RunQuestion);
