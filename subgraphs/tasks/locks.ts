/**
 * The order in which transactions take their locks.
 *
 * - `FollowedStep` is the event of a run's step, which is stored before its effect.
 * - `Board` protects the numbers of a project's tasks and the dependencies between them. A transaction that may finish,
 *   reopen or archive a task locks it too, because it then locks the tasks that wait for that task. So at most one
 *   transaction of a project locks several tasks, and their order cannot cause a deadlock.
 * - `BoardColumn` protects the ranks of the tasks in a column.
 * - `Task` protects a task and the list of the tasks for which it waits. The task that blocks is locked before those that
 *   wait for it, and these by id.
 */
export const LOCKS = ['FollowedStep', 'Board', 'BoardColumn', 'Task'] as const;
