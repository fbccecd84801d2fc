import { defineEntity, p } from '@mikro-orm/core';
import { AgentRun } from './agent-run.ts';

const CallbackSchema = defineEntity({
  name: 'Callback',
  tableName: 'callback',
  properties: {
    /** The id of the message, the same in every repeat of it. */
    messageId: p.text().primary(),
    runId: () => p.manyToOne(AgentRun).mapToPk().fieldName('run_id'),
    /** OpenClaw's own id of what it ran. */
    openClawRunId: p.text().fieldName('openclaw_run_id').nullable(),
    outcome: p.text().$type<'applied' | 'late'>(),
    receivedAt: p.datetime().length(3),
  },
});

/** A report of OpenClaw that was received. A repeat of the message, or of OpenClaw's run, changes nothing. */
export class Callback extends CallbackSchema.class {}
CallbackSchema.setClass(Callback);
