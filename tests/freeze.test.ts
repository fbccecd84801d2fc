import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { form } from '../platform/testing/infrastructure.ts';
import { type Client, connectClient } from './client.ts';
import { type System, startSystem } from './system.ts';

/** In the embedded form the gateway stands still with its subgraphs. */
(form === 'services' ? describe : describe.skip)('a subgraph that stood still', () => {
  let system: System;
  let client: Client;
  let projectId: string;
  beforeAll(async () => {
    system = await startSystem({ SUBGRAPH_TIMEOUT_SECONDS: '1' });
    client = connectClient(system.url);
    const { data } = await client.ask(
      'mutation { projectCreate(input: { key: "FRZ", name: "Frozen" }) { project { id } } }',
    );
    projectId = data.projectCreate.project.id;
    await create('before');
  });
  afterAll(async () => {
    await client.close();
    await system.close();
  });

  const create = (title: string, idempotencyKey: string | null = null) =>
    client.ask(
      `mutation ($projectId: ID!, $title: String!, $idempotencyKey: String) {
         taskCreate(input: { projectId: $projectId, title: $title, idempotencyKey: $idempotencyKey }) { task { id } } }`,
      { projectId, title, idempotencyKey },
    );
  const titles = async () => {
    const { data } = await client.ask(
      'query ($id: ID!) { project(id: $id) { columns { tasks(first: 100) { nodes { title } } } } }',
      { id: projectId },
    );
    return (data.project.columns as { tasks: { nodes: { title: string }[] } }[]).flatMap(({ tasks }) =>
      tasks.nodes.map(({ title }) => title),
    );
  };

  test('does nothing for which nobody waits any more, and answers live requests at once', async () => {
    system.pause('tasks');
    const refused = await Promise.all(
      Array.from({ length: 50 }, (_, n) => create(`frozen ${n}`, `key ${n}`)),
    );
    expect(refused.map(({ errors }) => errors?.[0]?.extensions.code)).toEqual(
      refused.map(() => 'OUTCOME_UNKNOWN'),
    );

    system.resume('tasks');
    const { data, errors } = await create('after');
    expect(errors).toBeUndefined();
    expect(data.taskCreate.task.id).toEqual(expect.any(String));
    expect((await titles()).sort()).toEqual(['after', 'before']);

    // What was refused can be repeated with its key.
    await create('frozen 7', 'key 7');
    await create('frozen 7', 'key 7');
    expect((await titles()).sort()).toEqual(['after', 'before', 'frozen 7']);
  });
});
