import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

interface Package {
  dev?: boolean;
  license?: string;
}
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Package> };

/** Licenses that ask for no more than to be named. */
const PERMISSIVE =
  /^\(?(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense|PostgreSQL)\b/;

test('README and LICENSE name every production package whose license restricts its use', () => {
  const restricted = Object.entries(packages)
    .filter(([path, { dev, license }]) => path !== '' && !dev && !PERMISSIVE.test(license ?? ''))
    .map(([path]) => path.replace(/.*node_modules\//, ''));

  expect(restricted.sort()).toEqual([
    '@apollo/composition',
    '@apollo/federation-internals',
    '@apollo/gateway',
    '@apollo/query-graphs',
    '@apollo/query-planner',
  ]);
  for (const name of restricted) {
    expect(read('README.md')).toContain(`\`${name}\``);
    expect(read('LICENSE')).toContain(name);
  }
});
