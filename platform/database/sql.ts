/** Writes a PostgreSQL array literal. MikroORM would spread a JavaScript array into a list of parameters. */
export const asArray = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
