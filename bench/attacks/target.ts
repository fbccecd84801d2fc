import { connectClient } from '../../tests/client.ts';
import type { Target } from './attacks.ts';

const TASKS = 500;
/** How many mutations are sent in one document. */
const BATCH = 10;

/** Makes the attacker's project with 500 tasks. */
export async function makeTarget(url: string): Promise<Target> {
  const authorization = 'Development Mallory';
  const client = connectClient(url, authorization);
  const { data } = await client.ask(
    'mutation ($key: String!) { projectCreate(input: { key: $key, name: "Attacked" }) { project { id } } }',
    { key: `M${Date.now().toString(36).toUpperCase().slice(-7)}` },
  );
  const projectId: string = data.projectCreate.project.id;
  const first = Promise.withResolvers<string>();
  const { end } = client.follow(
    'subscription ($projectId: ID!) { boardEvents(projectId: $projectId) { cursor } }',
    { projectId },
    ({ cursor }) => first.resolve(cursor),
  );
  const create = (n: number) =>
    `t${n}: taskCreate(input: { projectId: $projectId, title: "Task ${n}" }) { task { id } }`;
  for (let n = 0; n < TASKS; n += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => create(n + i)).join(' ');
    const { errors } = await client.ask(`mutation ($projectId: ID!) { ${batch} }`, { projectId });
    if (errors) throw new Error(JSON.stringify(errors));
  }
  const cursor = await first.promise;
  end();
  await client.close();
  return { url, authorization, projectId, cursor };
}
