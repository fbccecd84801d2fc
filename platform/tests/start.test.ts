import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { readConfig, SubgraphConfig } from '../process/config.ts';
import type { Infrastructure } from '../subgraph/infrastructure.ts';
import { startSubgraph } from '../subgraph/start.ts';
import { openTestInfrastructure } from '../testing/infrastructure.ts';
import { until } from '../testing/wait.ts';
import { retentionOf } from './aging.ts';
import { LAB_DATABASE, LAB_LOCKS, openWorld, type World } from './world.ts';

const CONFIG = readConfig(SubgraphConfig, {
  LOG_LEVEL: 'silent',
  GATEWAY_SIGNING_KEY: 'a signing key of the tests, 32 characters',
  DATABASE_URL: 'postgres://unused',
  REDIS_URL: 'redis://unused',
});

let infrastructure: Infrastructure;
let world: World;
beforeAll(async () => {
  infrastructure = await openTestInfrastructure();
  world = await openWorld({ infrastructure });
});
afterAll(async () => {
  await world.close();
  await infrastructure.close();
});

test('a started subgraph removes expired events and its own expired rows', async () => {
  const { kept, writeStream } = retentionOf(world);
  const stream = await writeStream({ events: 3, old: 2 });
  await world.em().execute(`insert into lab.note (id, text, rank, written_at)
    values (gen_random_uuid(), 'old', 0, now() - interval '8 days'), (gen_random_uuid(), 'young', 0, now())`);
  const texts = () => world.em().execute('select text from lab.note');

  const subgraph = await startSubgraph(
    CONFIG,
    {
      name: 'lab',
      ...LAB_DATABASE,
      readers: [],
      locks: LAB_LOCKS,
      retention: [{ table: 'note', timeColumn: 'written_at', days: 7 }],
      typeDefs: parse('type Query { nothing: String }'),
      resolvers: {},
      extendContext: (ctx) => ctx,
      port: { setting: 'LAB_PORT', value: 0 },
    },
    infrastructure,
  );
  await until('the old event is removed', async () => (await kept(stream)).length === 1);
  await until('the old row is removed', async () => (await texts()).length === 1);

  expect(await kept(stream)).toEqual([3]);
  expect(await texts()).toEqual([{ text: 'young' }]);
  await subgraph.close();
});
