import { defineEntity, p } from '@mikro-orm/core';

const OpenClawTargetSchema = defineEntity({
  name: 'OpenClawTarget',
  tableName: 'openclaw_target',
  properties: {
    name: p.string().length(40).primary(),
    /** False from a hand-over that found nobody, until the monitor finds it ready again. */
    isReachable: p.boolean(),
    /** It asked us to wait until then. */
    pausedUntil: p.datetime().length(3).nullable(),
    problem: p.text().nullable(),
  },
});

/** What all processes of this subgraph know of an OpenClaw: the breaker that keeps runs from one that takes none. */
export class OpenClawTarget extends OpenClawTargetSchema.class {}
OpenClawTargetSchema.setClass(OpenClawTarget);
