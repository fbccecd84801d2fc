import { type GraphQLSchema, isObjectType } from 'graphql';
import { requireTime } from '../process/work.ts';

/**
 * Makes every resolver of a schema fail once the time of its request is over or its client has gone, so that an answer for
 * which nobody waits costs no further statement. Returns the schema.
 */
export function stopResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (!resolve) continue;
      field.resolve = (source, args, context, info) => {
        requireTime();
        return resolve(source, args, context, info);
      };
    }
  }
  return schema;
}
