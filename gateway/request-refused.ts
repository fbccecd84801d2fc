import { GraphQLError } from 'graphql';

/** A request that is refused before any subgraph is asked. `errors` tell the client why. */
export class RequestRefused extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super(errors.map(({ message }) => message).join(' '));
    this.name = 'RequestRefused';
    this.errors = errors;
  }
}

/** Creates the refusal of a request with one error; over HTTP it has this status. */
export const refused = (
  code:
    | 'BAD_REQUEST'
    | 'GRAPHQL_PARSE_FAILED'
    | 'GRAPHQL_VALIDATION_FAILED'
    | 'BAD_USER_INPUT'
    | 'LIMIT_EXCEEDED',
  message: string,
  http: { status: number; headers?: Map<string, string> } = { status: 400 },
): RequestRefused => new RequestRefused([new GraphQLError(message, { extensions: { code, http } })]);
