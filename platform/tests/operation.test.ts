import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { readEvents } from '../event-log/event-log.ts';
import type { RequestActor } from '../identity/actor.ts';
import { DomainError } from '../input/errors.ts';
import { line, whole } from '../input/input.ts';
import { createOnce, defineOperation, mutation } from '../subgraph/operation.ts';
import { createRequestContext, type RequestContext } from '../subgraph/request.ts';
import { agentInRun, aPerson } from '../testing/actors.ts';
import { testLog } from '../testing/infrastructure.ts';
import { aNote, aStream, Note, NoteWritten, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const stream = aStream();
const Input = z.strictObject({ text: line(1, 80), rank: whole(0, 9).default(5) });

/** Writes a note, and publishes that it did. Throws DUPLICATE for the text 'taken'. */
const writeNote = defineOperation('noteWrite', Input, (ctx: RequestContext, input) =>
  createOnce(ctx, Note, async (tx) => {
    if (input.text === 'taken')
      throw new DomainError('DUPLICATE', 'There is one', { field: ['input', 'text'] });
    const note = tx.em.create(Note, { ...aNote(input.text), rank: input.rank });
    tx.publish(NoteWritten, { stream, subject: note.id, payload: { text: input.text } });
    return note;
  }),
);

const ADA = aPerson();
const as = (actor: RequestActor) => createRequestContext(world.subgraph, actor, testLog);
const written = (text: string) => world.em().count(Note, { text });
const aText = () => `note ${randomUUID()}`;

describe('an operation', () => {
  test('knows its verb and the schema of its input', () => {
    expect(writeNote.verb).toBe('noteWrite');
    expect(Object.keys(writeNote.input.shape)).toEqual(['text', 'rank', 'idempotencyKey']);
  });

  test('can be called without GraphQL: what the input leaves out has its default', async () => {
    const text = aText();

    const note = await writeNote(as(ADA), { text });

    expect(note).toMatchObject({ text, rank: 5 });
    expect(await world.em().count(Note, { id: note.id, rank: 5 })).toBe(1);
  });

  test('refuses a wrong input as INVALID, before any work', async () => {
    await expect(writeNote(as(ADA), { text: '', rank: 10 })).rejects.toMatchObject({
      code: 'INVALID',
      field: ['input', 'text'],
      others: [{ field: ['input', 'rank'] }],
    });
  });

  test('fails at the first call with an input key that it does not know', async () => {
    const text = aText();

    await expect(writeNote(as(ADA), { text, estimate: 3 })).rejects.toThrow(
      'noteWrite does not know estimate',
    );

    expect(await written(text)).toBe(0);
  });

  test('does its work in the name of the actor, who may be an agent', async () => {
    const agent = agentInRun({ onBehalfOf: ADA });

    const note = await writeNote(as(agent), { text: aText() });

    const events = await readEvents(world.em(), stream, 0, 1_000);
    expect(events.find(({ subject }) => subject === note.id)?.actor).toMatchObject({
      kind: 'agent',
      id: agent.id,
      personId: ADA.id,
    });
  });
});

describe('creating something once', () => {
  test('gives a repeat with the same key what the first call made, as it is now', async () => {
    const input = { text: aText(), idempotencyKey: randomUUID() };
    const first = await writeNote(as(ADA), input);
    await world.em().nativeUpdate(Note, { id: first.id }, { rank: 9 });

    const repeat = await writeNote(as(ADA), input);

    expect(repeat).toMatchObject({ id: first.id, rank: 9 });
    expect(await written(input.text)).toBe(1);
  });

  test('makes one thing of two calls at once, and both get it', async () => {
    const input = { text: aText(), idempotencyKey: randomUUID() };

    const [one, other] = await Promise.all([writeNote(as(ADA), input), writeNote(as(ADA), input)]);

    expect(one.id).toBe(other.id);
    expect(await written(input.text)).toBe(1);
  });

  test('makes another thing for every call without a key', async () => {
    const text = aText();

    await writeNote(as(ADA), { text });
    await writeNote(as(ADA), { text, idempotencyKey: null });

    expect(await written(text)).toBe(2);
  });

  test('takes an agent and its person for different callers', async () => {
    const input = { text: aText(), idempotencyKey: randomUUID() };

    const ofPerson = await writeNote(as(ADA), input);
    const ofAgent = await writeNote(as(agentInRun({ onBehalfOf: ADA })), input);

    expect(ofAgent.id).not.toBe(ofPerson.id);
    expect(await written(input.text)).toBe(2);
  });

  test('is IDEMPOTENCY_MISMATCH when the key comes with another input', async () => {
    const key = randomUUID();
    await writeNote(as(ADA), { text: aText(), idempotencyKey: key });

    await expect(writeNote(as(ADA), { text: aText(), idempotencyKey: key })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });

  test('leaves the key of a call that failed for the next one', async () => {
    const key = randomUUID();
    await expect(writeNote(as(ADA), { text: 'taken', idempotencyKey: key })).rejects.toMatchObject({
      code: 'DUPLICATE',
    });

    const text = aText();
    await writeNote(as(ADA), { text, idempotencyKey: key });

    expect(await written(text)).toBe(1);
  });
});

describe('the resolver of a mutation', () => {
  const noteWrite = mutation(writeNote, (note) => ({ note }));
  const resolve = (input: unknown) => noteWrite(null, { input }, as(ADA)) as Promise<Record<string, unknown>>;

  test('answers with the payload and no errors', async () => {
    const text = aText();
    expect(await resolve({ text })).toMatchObject({ note: { text }, userErrors: [] });
  });

  test('answers expected failures as userErrors', async () => {
    expect(await resolve({ text: 'taken' })).toEqual({
      userErrors: [{ code: 'DUPLICATE', message: 'There is one', field: ['input', 'text'] }],
    });
  });

  test('throws every other failure, such as an input key that the operation does not know', async () => {
    await expect(resolve({ text: aText(), estimate: 3 })).rejects.toThrow('noteWrite does not know estimate');
  });

  test('names its operation', () => {
    expect(noteWrite.operation).toBe(writeNote);
  });
});
