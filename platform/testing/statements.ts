import type { MikroORM } from '@mikro-orm/postgresql';

/**
 * Collects the SQL statements that an ORM sends while `work` runs, in both forms of the system.
 *
 * They stand in the order in which they ended, with `?` for values; `begin`, `commit` and what failed are among them, and
 * so is what other work sends over the same ORM meanwhile, such as the readers of the log. One call at a time for an ORM;
 * calls for several ORMs can be nested.
 */
export async function countStatements<Result>(
  { config }: MikroORM,
  work: () => Promise<Result>,
): Promise<{ result: Result; statements: string[] }> {
  const statements: string[] = [];
  const logger = config.getLogger();
  const { logQuery } = logger;
  logger.logQuery = (context) => {
    statements.push(context.query ?? '');
    logQuery.call(logger, context);
  };
  try {
    return { result: await work(), statements };
  } finally {
    logger.logQuery = logQuery;
  }
}
