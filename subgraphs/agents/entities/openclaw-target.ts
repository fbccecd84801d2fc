import { defineEntity, p } from '@mikro-orm/core';

const OpenClawTargetSchema = defineEntity({
  name: 'OpenClawTarget',
  tableName: 'openclaw_target',
  properties: {
    name: p.string().length(40).primary(),
    /** False after a hand-over or a health check that got no answer, until a health check gets one. */
    isReachable: p.boolean(),
    /** The target asked us to send no runs before this time. */
    pausedUntil: p.datetime().length(3).nullable(),
    /** Why it is unreachable or paused. */
    problem: p.text().nullable(),
  },
});

/**
 * An OpenClaw that agents run in, as all processes of this subgraph know it. It is the circuit breaker: while it is
 * unreachable or paused, its runs wait here.
 */
export class OpenClawTarget extends OpenClawTargetSchema.class {}
OpenClawTargetSchema.setClass(OpenClawTarget);
