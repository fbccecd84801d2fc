import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { SUBGRAPHS } from '../schema/sdl.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The one import order: a file may import what stands at its own level or to the left of it. */
const LEVELS = [
  ['client'],
  ['schema'],
  ['platform'],
  ['gateway', 'subgraphs', 'openclaw-simulator', 'openclaw-plugin'],
  ['tests', 'scripts', 'bench', 'openclaw-contract', 'generated'],
];
/** Parts of one level that know nothing of each other. */
const STRANGERS = ['gateway', 'openclaw-plugin', 'openclaw-simulator'];
/** The folders of platform/. A folder imports only those to the left of it. */
const DRAWERS = ['input', 'process', 'database', 'identity', 'event-log', 'graphql', 'subgraph'];

interface Import {
  from: string;
  to: string;
  line: string;
}

const sources = globSync(
  '{client,schema,platform,gateway,subgraphs,openclaw-*,tests,scripts,bench}/**/*.{ts,mjs}',
  {
    cwd: root,
  },
).filter((file) => !file.includes('generated/') && !file.includes('node_modules/'));

const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

const imports: Import[] = sources.flatMap((from) =>
  textOf(from)
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
const subgraphOf = (file: string) => (top(file) === 'subgraphs' ? file.split('/')[1] : undefined);
/** Tests of a part may use what serves tests: the simulator, for instance. */
const isTest = (file: string) =>
  file.includes('/tests/') || ['tests', 'bench', 'openclaw-contract'].includes(top(file));
const level = (file: string) => LEVELS.findIndex((parts) => parts.includes(top(file)));

const offending = (rule: (found: Import) => boolean) => imports.filter(rule).map(({ line }) => line);
const filesThatMatch = (files: RegExp, text: RegExp) =>
  sources.filter((file) => files.test(file) && !isTest(file) && text.test(textOf(file)));

describe('the import order', () => {
  test('there are imports to check', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  test('no file imports what stands to the right of it', () => {
    expect(offending(({ from, to }) => level(to) > level(from))).toEqual([]);
  });

  test('what a frontend copies imports nothing', () => {
    expect(filesThatMatch(/^client\//, /^import /m)).toEqual([]);
  });

  test('no subgraph imports another', () => {
    expect(
      offending(
        ({ from, to }) =>
          subgraphOf(from) !== undefined &&
          subgraphOf(to) !== undefined &&
          subgraphOf(from) !== subgraphOf(to),
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

  test('no file imports itself through other files', () => {
    expect(findCircle()).toEqual([]);
  });
});

describe('inside platform', () => {
  const drawer = (file: string) =>
    top(file) === 'platform' && !isTest(file) ? DRAWERS.indexOf(file.split('/')[1] ?? '') : -1;

  test('every file is in a drawer', () => {
    const elsewhere = sources.filter(
      (file) =>
        top(file) === 'platform' &&
        !isTest(file) &&
        !file.startsWith('platform/testing/') &&
        drawer(file) < 0,
    );
    expect(elsewhere).toEqual([]);
  });

  test('no drawer imports one to the right of it', () => {
    expect(
      offending(({ from, to }) => drawer(from) >= 0 && drawer(to) >= 0 && drawer(to) > drawer(from)),
    ).toEqual([]);
  });
});

describe('inside a subgraph', () => {
  /** Folders and the files beside them; each may import those to the left of it. */
  const ORDER = [
    ['entities', 'config.ts', 'locks.ts'],
    ['openclaw'],
    ['access.ts', 'settings.ts'],
    ['operations'],
    ['queries', 'loaders.ts'],
    ['resolvers', 'runner', 'readers.ts', 'migrations', 'database.ts'],
    ['subgraph.ts'],
    ['main.ts'],
  ];
  const floor = (file: string) =>
    subgraphOf(file) === undefined || isTest(file)
      ? -1
      : ORDER.findIndex((parts) => parts.includes(file.split('/')[2] ?? ''));

  test('no file imports what stands above it', () => {
    expect(
      offending(({ from, to }) => floor(from) >= 0 && floor(to) >= 0 && floor(to) > floor(from)),
    ).toEqual([]);
  });

  test('steps of operations know no verbs', () => {
    const isStep = (file: string) => /\/operations\/[^/]+\/steps\//.test(file);
    const isVerb = (file: string) => /\/operations\/[^/]+\/[^/]+\.ts$/.test(file);
    expect(offending(({ from, to }) => isStep(from) && isVerb(to))).toEqual([]);
  });

  test('operations know no GraphQL', () => {
    expect(filesThatMatch(/\/operations\//, /from '(graphql|@apollo)|generated\//)).toEqual([]);
  });

  test('resolvers open no transaction', () => {
    expect(filesThatMatch(/\/resolvers\//, /\btransact(ional)?\(/)).toEqual([]);
  });

  test('rows are locked only through the lock order', () => {
    expect(filesThatMatch(/^subgraphs\//, /\blockMode\b/)).toEqual([]);
    const locksBySql = filesThatMatch(/^subgraphs\//, /\bfor (no key )?update\b|for share|pg_advisory/);
    expect(locksBySql.filter((file) => !/locks\.take\(/.test(textOf(file)))).toEqual([]);
  });

  test('every table of changeable fields is in use, because one that nobody imports guards nothing', () => {
    const tables = sources.filter((file) => /\/entities\/[^/]+-fields\.ts$/.test(file));
    const imported = new Set(imports.filter(({ from }) => !isTest(from)).map(({ to }) => to));
    expect(tables.length).toBeGreaterThan(3);
    expect(tables.filter((file) => !imported.has(file))).toEqual([]);
  });

  test('all subgraphs have the same files at their doors', () => {
    const DOORS = [
      'README.md',
      'access.ts',
      'config.ts',
      'database.ts',
      'loaders.ts',
      'locks.ts',
      'main.ts',
      'readers.ts',
      'subgraph.ts',
    ];
    for (const name of SUBGRAPHS) {
      const files = globSync('*.{ts,md}', { cwd: join(root, 'subgraphs', name) })
        .filter((file) => file !== 'settings.ts')
        .sort();
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
      /process\.env\b/.test(textOf(file)),
  );
  expect(reading).toEqual(['platform/process/config.ts']);
});

/** The files of a circle of imports, the first one again at the end; empty when there is none. */
function findCircle(): string[] {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return [];
    path.push(file);
    for (const { to } of targets.get(file) ?? []) {
      const circle = visit(to);
      if (circle.length > 0) return circle;
    }
    path.pop();
    finished.add(file);
    return [];
  };
  for (const file of sources) {
    const circle = visit(file);
    if (circle.length > 0) return circle;
  }
  return [];
}
