/** What the operator has to know once everything runs. */
export interface StartFacts {
  port: number;
  subgraphPorts: number[];
  folder: string;
  openClawUrl: string | undefined;
  isDevelopment: boolean;
  introspection: boolean;
}

/** Returns what `npm start` prints once everything runs: where it is, who may come in, and what to do next. */
export const startMessage = (facts: StartFacts): string => {
  const { port, subgraphPorts, folder, openClawUrl, isDevelopment, introspection } = facts;
  const url = `http://127.0.0.1:${port}`;
  const simulator =
    'the simulator: it calls no model and does no work. Set OPENCLAW_URL to use a real OpenClaw.';
  const signIn = isDevelopment
    ? 'none: requests from this machine act as the development viewer, and other machines cannot connect.'
    : 'access tokens of AUTHENTIK_ISSUER, as `Authorization: Bearer …`';
  const schema = introspection
    ? `${url}/graphql`
    : 'the file schema/api.graphql; INTROSPECTION=true serves it too';
  const next = isDevelopment
    ? `run \`npm run demo${port === 8000 ? '' : ` -- --url ${url}`}\` in another terminal; it executes a run from start to end.`
    : 'sign in at AUTHENTIK_ISSUER and send its access token.';
  const rows = [
    ['GraphQL', `${url}/graphql     subscriptions over graphql-ws at the same address`],
    ...(isDevelopment ? [['Explorer', `${url}/            open it in a browser`]] : []),
    ['Schema', schema],
    ['Health', `${url}/readyz      and /livez; also on the subgraphs' ports ${subgraphPorts.join(', ')}`],
    ['OpenClaw', openClawUrl ?? simulator],
    ['Sign-in', signIn],
  ] as const;
  return `
Team Board is running in this process; its database is in ${folder}.

${rows.map(([name, text]) => `  ${name!.padEnd(11)}${text}`).join('\n')}

Next: ${next} Ctrl-C stops Team Board.
`;
};
