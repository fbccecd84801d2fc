import type { EntityClass, FilterQuery, FilterValue } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { isUuid } from '../input/input.ts';

/** Returns the row with an id that a client gave, and null when there is none or the text cannot be an id. */
export const findById = async <Entity extends { id: string }>(
  em: EntityManager,
  entity: EntityClass<Entity>,
  id: string,
): Promise<Entity | null> =>
  isUuid(id) ? ((await em.findOne(entity, { id } as FilterQuery<Entity> as never)) as Entity | null) : null;

/**
 * Filters rows by the row that an id column refers to: `em.find(Comment, { taskId: related(Task, { projectId }) })`.
 *
 * The column must be declared as a relation: `taskId: p.manyToOne(Task).mapToPk().fieldName('task_id')`, for a relation
 * to the entity itself in an arrow function: `parentId: () => p.manyToOne(Task)…`. Without `fieldName` the column would be
 * `task_id_id`. `mapToPk` keeps the property a plain id, so its type does not know the columns of a task; this function
 * checks the filter against `target`.
 *
 * MikroORM joins the table, and throws for a property that the target does not have. For a nullable relation the join is
 * a left join: `related(Task, { archivedAt: null })` then also matches rows that refer to no task. Not for `lockOne` and
 * `lockAll`: they would lock the joined rows too.
 */
export const related = <Target extends object>(
  _target: EntityClass<Target>,
  where: FilterQuery<Target>,
): FilterValue<string> => where as unknown as FilterValue<string>;
