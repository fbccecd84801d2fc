/**
 * The order in which every transaction of this subgraph takes its locks. Two transactions that keep it never wait for
 * each other.
 *
 * - FollowedStep: the event of a run's step, written before its effect.
 * - Board: the numbers of a project's tasks, and everything that involves several of its tasks. A transaction that adds
 *   a dependency, or that may finish or reopen a task, takes it, because it then locks tasks that wait for others.
 *   So at most one transaction of a project holds more than one task. A run takes it for nothing: it locks one task.
 * - BoardColumn: the ranks of the tasks in a column.
 * - Task: first the task itself or the one that blocks, then those that wait for it, by id. A dependency is guarded by
 *   the lock on the task that waits.
 */
export const LOCKS = ['FollowedStep', 'Board', 'BoardColumn', 'Task'] as const;
