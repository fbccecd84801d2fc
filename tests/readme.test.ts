import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { until } from '../platform/testing/wait.ts';
import { type Client, connectClient } from './client.ts';
import { type System, startSystem } from './system.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The settings of a new Vite app, where its template is stricter than the defaults. */
const VITE = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['ES2022', 'DOM', 'DOM.Iterable'], module: 'esnext', skipLibCheck: true },
    ...{ moduleResolution: 'bundler', allowImportingTsExtensions: true, verbatimModuleSyntax: true },
    ...{ moduleDetection: 'force', noEmit: true, jsx: 'react-jsx', types: [] },
    ...{ strict: true, noUnusedLocals: true, noUnusedParameters: true, erasableSyntaxOnly: true },
    ...{ noFallthroughCasesInSwitch: true, noUncheckedSideEffectImports: true },
  },
  include: ['src', 'codegen.ts'],
};

/** The code blocks of a document that say in which file they belong. */
const filesOf = (document: string): [string, string][] =>
  [...read(document).matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, file, text]) => [file!, text!]);

/** Writes an app of the code blocks in a folder of its own, with the address of a system. */
function writeApp(folder: string, url: string): string[] {
  const files = [...filesOf('README.md'), ...filesOf('client/README.md')];
  for (const [file, text] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text.replaceAll('http://127.0.0.1:8000', url));
  }
  cpSync(join(root, 'client/follow.ts'), join(folder, 'src/follow.ts'));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(VITE));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return files.map(([file]) => file);
}

/** Runs a command of npm's packages in a folder. Fails with its output. */
function run(folder: string, command: string, ...args: string[]): void {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules', command), ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} failed:\n${stdout}\n${stderr}`);
  }
}

interface Tasks {
  [id: string]: { title: string };
}
type Watch = (projectId: string, tell: (value: never) => void) => unknown;

describe('the code of README.md and client/README.md, as an app', () => {
  let system: System;
  let client: Client;
  let folder: string;
  let files: string[];
  let projectId: string;
  beforeAll(async () => {
    system = await startSystem();
    client = connectClient(system.url, 'Development Ada');
    const { data } = await client.ask(
      'mutation { projectCreate(input: { key: "APP", name: "App" }) { project { id } } }',
    );
    projectId = data.projectCreate.project.id;
    folder = mkdtempSync(join(root, 'tests', '.app-'));
    files = writeApp(folder, system.url);
    run(folder, '@graphql-codegen/cli/cjs/bin.js', '--config', 'codegen.ts');
  });
  afterAll(async () => {
    await client.close();
    await system.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const load = (file: string): Promise<Record<string, Watch>> => import(join(folder, 'src', file));
  const create = async (title: string) => {
    const { errors } = await client.ask(
      `mutation ($projectId: ID!, $title: String!) {
         taskCreate(input: { projectId: $projectId, title: $title }) { task { id } } }`,
      { projectId, title },
    );
    expect(errors).toBeUndefined();
  };

  test('compiles with the settings of a new Vite app', () => {
    expect(files.length).toBeGreaterThan(6);
    run(folder, 'typescript/bin/tsc', '--noEmit');
  });

  test('shows a board that misses nothing, also when the gateway is killed and started again', async () => {
    for (const level of ['warn', 'error'] as const) jest.spyOn(console, level).mockReturnValue(undefined);
    await create('before');
    let titles: string[] = [];
    const { showBoard } = await load('board.ts');
    const stop = (await showBoard!(projectId, ((tasks: Tasks) => {
      titles = Object.values(tasks).map(({ title }) => title);
    }) as never)) as () => void;
    expect(titles).toEqual(['before']);

    await create('live');
    await until('the live task is shown', () => titles.includes('live'));
    await system.kill('gateway');
    await system.start('gateway');
    await create('after the restart');
    await until('it is shown', () => titles.includes('after the restart'), 20_000);

    expect(titles.sort()).toEqual(['after the restart', 'before', 'live']);
    stop();
  });

  test('follows titles over urql', async () => {
    const titles: string[] = [];
    const { watchTitles } = await load('urql.ts');
    const stop = watchTitles!(projectId, ((title: string) => titles.push(title)) as never) as () => void;
    // It begins with the moment in which it is live, which only the first event tells.
    await until('it is live', async () => {
      await create('over urql');
      return titles.includes('over urql');
    });
    stop();
  });

  test('tells every state of a run over graphql-ws alone', async () => {
    const { data } = await client.ask(
      `mutation ($projectId: ID!) {
         agentCreate(input: { name: "Writer", slug: "readme" }) { agent { id } }
         taskCreate(input: { projectId: $projectId, title: "To be done" }) { task { id } } }`,
      { projectId },
    );
    const started = await client.ask(
      `mutation ($agentId: ID!, $taskId: ID!) {
         agentRunStart(input: { agentId: $agentId, taskId: $taskId, instruction: "Draft it" }) { run { id cursor } } }`,
      { agentId: data.agentCreate.agent.id, taskId: data.taskCreate.task.id },
    );
    const { id, cursor } = started.data.agentRunStart.run;
    const states: string[] = [];
    const { watchRun } = (await load('without-client.ts')) as unknown as {
      watchRun(id: string, after: string, tell: (state: string) => void): Promise<void>;
    };

    await watchRun(id, cursor, (state) => states.push(state));

    expect(states).toEqual(['QUEUED', 'DISPATCHING', 'RUNNING', 'SUCCEEDED']);
  });
});
