import { z } from 'zod';
import { defineFieldTable } from '../../../platform/database/field-table.ts';
import { httpsUrl, line, text, whole } from '../../../platform/input/input.ts';
import { Agent } from './agent.ts';

/** Everything that can change in an agent. Its slug is its id in OpenClaw and never changes. */
export const AGENT_FIELDS = defineFieldTable(Agent, {
  name: { input: line(1, 100), apiNames: ['name', 'displayName'] },
  model: { input: line(1, 100).default('claude-opus-4-5'), apiNames: ['model'] },
  systemPrompt: { input: text(20_000).nullish(), apiNames: ['systemPrompt'] },
  maxConcurrent: { input: whole(1, 100).default(1), apiNames: ['maxConcurrent'] },
  isEnabled: { input: z.boolean().default(true), apiNames: ['isEnabled'] },
  avatarUrl: { input: httpsUrl.nullish(), apiNames: ['avatarUrl'] },
  tags: { input: z.array(line(1, 40)).max(20, 'must have at most 20 items').default([]), apiNames: ['tags'] },
  projectIds: {
    input: z
      .array(z.string())
      .min(1, 'must name a project, or be null for all')
      .max(100, 'must have at most 100 items')
      .nullish(),
    apiNames: ['projectIds'],
  },
  target: { input: line(1, 40).nullish(), apiNames: ['openClaw'] },
  ownerId: { apiNames: ['owner'] },
  archivedAt: { apiNames: ['archivedAt'] },
});
