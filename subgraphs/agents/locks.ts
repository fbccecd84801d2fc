/**
 * The order in which transactions take their locks.
 *
 * - `Dispatchers` is an advisory lock: one dispatcher at a time counts the runs of a target and claims the next one.
 * - `KnownTask` is locked to start a run, so that a task gets at most one run; the projection locks nothing else.
 * - `Agent` protects the agent's settings, its slots and its rows of `AgentProject`.
 * - `AgentRun` protects the run with its attempts, questions, activities and callbacks. Archiving an agent locks
 *   several runs, in the order of their ids.
 * - `OpenClawTarget` is last, because the outcome of a hand-over changes the run and then its target.
 */
export const LOCKS = ['Dispatchers', 'KnownTask', 'Agent', 'AgentRun', 'OpenClawTarget'] as const;
