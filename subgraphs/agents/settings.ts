import type { RequestContext } from '../../platform/subgraph/request.ts';
import type { Targets } from './openclaw/targets.ts';

/** The settings that requests need. */
export interface AgentsSettings {
  /** The deadline of a run that names none. */
  timeoutSeconds: number;
  /** The most runs in one target at a time, over all agents. */
  runsMax: number;
  /** Who may add agents: admins of the workspace, or also members of projects, for these projects. */
  agentsAddedBy: 'admins' | 'members';
  targets: Targets;
}

/** A request of which an operation needs the settings too. */
export interface ContextWithSettings extends RequestContext {
  readonly settings: AgentsSettings;
}
