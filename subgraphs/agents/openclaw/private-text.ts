import type { Ending } from '../entities/ending.ts';
import type { HandOverOutcome } from './hand-over.ts';

/*
 * The system prompt of an agent is for whoever manages the agent. OpenClaw gets it at the beginning of a prompt, and may
 * quote it in histories and errors, wrapped or cut. What the agent itself says is shown as it is: an agent can be talked
 * into telling its instructions, and an answer must not lose a part because it shares a sentence with them.
 */

/** Stands for what only those who manage the agent may read. */
export const HIDDEN = "[Only the agent's owner and admins of the workspace see this part]";

/** A shared text of so many characters is a quotation; a shorter one may be chance. */
const QUOTED_CHARACTERS_MIN = 32;
/** Every quotation covers a sample of half its least length, wherever it begins. */
const SAMPLE_CHARACTERS = QUOTED_CHARACTERS_MIN / 2;

/**
 * Replaces a private text, and every quotation of 32 characters or more of it, by a mark. `null` for a private text that
 * is not known hides the whole text.
 */
export function hideQuotations(text: string, privateText: string | null): string {
  const secret = privateText?.trim() ?? '';
  if (privateText === null) return HIDDEN;
  if (secret === '') return text;
  const whole = text.replaceAll(secret, HIDDEN).replaceAll(JSON.stringify(secret).slice(1, -1), HIDDEN);
  if (secret.length < QUOTED_CHARACTERS_MIN) return whole;
  return hideParts(whole, secret);
}

function hideParts(text: string, secret: string): string {
  const places = new Map<string, number>();
  for (let at = secret.length - SAMPLE_CHARACTERS; at >= 0; at--)
    places.set(secret.slice(at, at + SAMPLE_CHARACTERS), at);
  let [shown, shownTo] = ['', 0];
  for (let at = 0; at + SAMPLE_CHARACTERS <= text.length; at += SAMPLE_CHARACTERS) {
    const place = places.get(text.slice(at, at + SAMPLE_CHARACTERS));
    if (place === undefined || at < shownTo) continue;
    const { from, to } = extend(text, at, secret, place);
    if (to - from < QUOTED_CHARACTERS_MIN) continue;
    shown += text.slice(shownTo, Math.max(shownTo, from)) + HIDDEN;
    shownTo = to;
  }
  return shown + text.slice(shownTo);
}

/** The longest part of `text` around `at` that is the same in `secret` around `place`. */
function extend(text: string, at: number, secret: string, place: number): { from: number; to: number } {
  let [from, to] = [at, at + SAMPLE_CHARACTERS];
  const distance = place - at;
  while (from > 0 && text[from - 1] === secret[from - 1 + distance]) from--;
  while (to < text.length && text[to] === secret[to + distance]) to++;
  return { from, to };
}

/** The beginning of a prompt is the system prompt: shows the rest. */
export function hideBeginning(prompt: string, systemPrompt: string | null): string {
  if (systemPrompt === null) return HIDDEN;
  if (systemPrompt === '' || !prompt.startsWith(systemPrompt)) return prompt;
  return HIDDEN + prompt.slice(systemPrompt.length);
}

/** An ending whose error does not quote the system prompt. It is stored, and everybody in the project reads it. */
export const hideInEnding = (ending: Ending, systemPrompt: string | null): Ending =>
  ending.kind === 'failed' || ending.kind === 'timed-out'
    ? { ...ending, message: hideQuotations(ending.message, systemPrompt ?? '') }
    : ending;

/** The same for the outcome of a hand-over. */
export const hideInOutcome = (outcome: HandOverOutcome, systemPrompt: string | null): HandOverOutcome =>
  'message' in outcome
    ? { ...outcome, message: hideQuotations(outcome.message, systemPrompt ?? '') }
    : outcome;
