import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The one import order: a file may import what stands at its own level or to the left of it. */
const LEVELS = [
  ['schema'],
  ['platform'],
  ['gateway', 'subgraphs', 'openclaw-simulator', 'openclaw-plugin'],
  ['tests', 'scripts', 'bench', 'openclaw-contract', 'generated'],
];
/** Parts of one level that know nothing of each other. */
const STRANGERS = ['gateway', 'openclaw-plugin', 'openclaw-simulator'];

interface Import {
  from: string;
  to: string;
  line: string;
}

const sources = globSync('{schema,platform,gateway,subgraphs,openclaw-*,tests,scripts,bench}/**/*.{ts,mjs}', {
  cwd: root,
}).filter((file) => !file.includes('generated/') && !file.includes('node_modules/'));

const imports: Import[] = sources.flatMap((from) =>
  readFileSync(join(root, from), 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const to = /(?:from|import)\s*\(?\s*'(\.[^']+)'/.exec(text)?.[1];
      return to
        ? [
            {
              from,
              to: relative(root, join(root, dirname(from), to)),
              line: `${from}:${index + 1}  ${text.trim()}`,
            },
          ]
        : [];
    }),
);

const top = (file: string) => file.split('/')[0] ?? '';
const subgraph = (file: string) => (top(file) === 'subgraphs' ? file.split('/')[1] : undefined);
/** Tests of a part may use what serves tests: the simulator, for instance. */
const isTest = (file: string) =>
  file.includes('/tests/') || ['tests', 'bench', 'openclaw-contract'].includes(top(file));
const level = (file: string) => LEVELS.findIndex((parts) => parts.includes(top(file)));

const offending = (rule: (found: Import) => boolean) => imports.filter(rule).map(({ line }) => line);

describe('the import order', () => {
  test('there are imports to check', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  test('no file imports what stands to the right of it', () => {
    expect(offending(({ from, to }) => level(to) > level(from))).toEqual([]);
  });

  test('no subgraph imports another', () => {
    expect(
      offending(
        ({ from, to }) =>
          subgraph(from) !== undefined && subgraph(to) !== undefined && subgraph(from) !== subgraph(to),
      ),
    ).toEqual([]);
  });

  test('gateway, simulator and plugin know neither the subgraphs nor each other', () => {
    const crosses = ({ from, to }: Import) =>
      !isTest(from) &&
      level(from) === 2 &&
      level(to) === 2 &&
      top(from) !== top(to) &&
      (STRANGERS.includes(top(from)) || STRANGERS.includes(top(to)));
    expect(offending(crosses)).toEqual([]);
  });

  test('nothing that runs imports what serves tests', () => {
    const serves = (file: string) => file.startsWith('platform/testing/') || isTest(file);
    expect(offending(({ from, to }) => !serves(from) && serves(to))).toEqual([]);
  });
});

describe('inside a subgraph', () => {
  const ORDER = ['entities', 'operations', 'resolvers'];
  const floor = (file: string) => ORDER.indexOf(file.split('/')[2] ?? '');

  test('entities know no operations, operations no resolvers', () => {
    expect(
      offending(
        ({ from, to }) => subgraph(from) !== undefined && floor(from) >= 0 && floor(to) > floor(from),
      ),
    ).toEqual([]);
  });

  test('operations know no GraphQL', () => {
    const inOperations = sources.filter((file) => /^subgraphs\/[^/]+\/operations\//.test(file));
    const knowing = inOperations.filter((file) =>
      /from '(graphql|@apollo)|generated\//.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(inOperations.length).toBeGreaterThan(10);
    expect(knowing).toEqual([]);
  });

  test('resolvers open no transaction', () => {
    const inResolvers = sources.filter((file) => /^subgraphs\/[^/]+\/resolvers\//.test(file));
    const opening = inResolvers.filter((file) =>
      /transact(ional)?\(/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(inResolvers.length).toBeGreaterThan(10);
    expect(opening).toEqual([]);
  });

  test('all subgraphs have the same files at their doors', () => {
    const DOORS = [
      'README.md',
      'access.ts',
      'config.ts',
      'consumers.ts',
      'database.ts',
      'loaders.ts',
      'main.ts',
      'subgraph.ts',
    ];
    for (const name of ['projects', 'tasks', 'agents', 'chat']) {
      const files = globSync('*.{ts,md}', { cwd: join(root, 'subgraphs', name) }).sort();
      expect({ name, files }).toEqual({ name, files: DOORS });
    }
  });
});

test('process.env is read in one place', () => {
  const reading = sources.filter(
    (file) =>
      // The plugin runs in OpenClaw, which gives it its settings.
      top(file) !== 'openclaw-plugin' &&
      !isTest(file) &&
      !file.startsWith('platform/testing/') &&
      /process\.env\b/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(reading).toEqual(['platform/config.ts']);
});
