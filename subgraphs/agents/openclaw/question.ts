import { cutText } from '../../../platform/input/text.ts';
import type { AskedQuestion } from '../entities/ending.ts';

/** How an agent asks a question; a part of every prompt. */
export const HOW_TO_ASK =
  'If you cannot go on without an answer from a person, end your last message with a line `QUESTION:` followed by ' +
  'the question. If it is a choice, add a line `CHOICES: one | other`. You will get the answer in this conversation.';

const QUESTION_CHARACTERS_MAX = 10_000;
const CHOICES_MAX = 20;
const CHOICE_CHARACTERS_MAX = 200;

/** What an agent's message asks. */
export interface MessageQuestion {
  /** The question with which the message ends; null when it ends with none. */
  readonly question: AskedQuestion | null;
  /** What looks like a question but may be none, because it is quoted or other text follows. For the reviewer. */
  readonly possibleQuestion: string | null;
}

/** What most messages ask. */
export const NO_QUESTION: MessageQuestion = { question: null, possibleQuestion: null };

/**
 * Reads whether an agent's message ends with a question.
 *
 * A question is the last block of a message, outside code, quotes and lists. It begins with a line `QUESTION:`, in any case
 * and with or without Markdown emphasis, and a blank line ends it, unless its choices follow. What asks for nothing, such
 * as `QUESTION: None.`, is no question. In doubt a message is an answer, because a person reviews every answer.
 * The time is linear in the length of the message, of which the last 100,000 characters are searched.
 */
export function readQuestion(message: string): MessageQuestion {
  const lines = readLines(message);
  const last = lines.findLastIndex((line) => startsWith(QUESTION, line));
  if (last < 0) return { question: null, possibleQuestion: findQuoted(lines) };
  let first = last;
  while (first > 0 && startsWith(QUESTION, lines[first - 1]!)) first -= 1; // one question below the other
  const { before, choices, areMarked } = takeChoices(lines.slice(last + 1));
  const marked = lines.slice(first, last + 1).map((line) => textAfter(QUESTION, line));
  const text = [...marked, ...before.map((line) => line.text)].join('\n').trim();
  const body = cutText(text, QUESTION_CHARACTERS_MAX);
  if (asksNothing(body)) return NO_QUESTION;
  // Choices that are marked as such end a question of several paragraphs, too.
  if (!areMarked && /\n[ \t]*\n/.test(text)) return { question: null, possibleQuestion: body };
  return { question: { body, choices }, possibleQuestion: null };
}

interface Line {
  readonly text: string;
  /** The line is code or a comment, in which nothing is asked. */
  readonly isCode: boolean;
}

/** A line that begins with a word and a colon. Markdown emphasis may end on either side of the colon. */
const mark = (word: string) => new RegExp(`^ {0,3}(#{1,6} )?[*_]{0,3}${word}[*_]{0,3} ?[:：][*_]{0,3}`, 'i');
const QUESTION = mark('question');
const CHOICES = mark('choices');
/** A mark is shorter. Expressions see no more of a line than this, whatever its length. */
const MARK_CHARACTERS_MAX = 40;

const startsWith = (expression: RegExp, { text, isCode }: Line) =>
  !isCode && expression.test(text.slice(0, MARK_CHARACTERS_MAX));
const textAfter = (expression: RegExp, { text }: Line) =>
  text.slice(expression.exec(text.slice(0, MARK_CHARACTERS_MAX))?.[0].length ?? 0).trim();

/** An item of a list, also of a list of tasks. */
const ITEM = /^\s*([-*+•]|\d{1,3}[.)]|[a-z][.)])\s+(\[[ x]\]\s+)?/i;
/** The beginning of a quoted line, of an item, or of an item that is quoted. */
const QUOTED = /^(\s*(>|[-*+•]\s|\d{1,3}[.)]\s))+\s*/;

const isItem = ({ text, isCode }: Line) => !isCode && ITEM.test(text.slice(0, MARK_CHARACTERS_MAX));
const isBlank = ({ text }: Line) => text.trim() === '';

/** The last line that would ask something, were it not quoted or an item of a list. */
function findQuoted(lines: readonly Line[]): string | null {
  for (const line of lines.toReversed()) {
    const [prefix] = QUOTED.exec(line.text.slice(0, MARK_CHARACTERS_MAX)) ?? [];
    const inner = { ...line, text: line.text.slice(prefix?.length ?? 0) };
    if (prefix === undefined || !startsWith(QUESTION, inner)) continue;
    const text = cutText(textAfter(QUESTION, inner), QUESTION_CHARACTERS_MAX);
    return asksNothing(text) ? null : text;
  }
  return null;
}

interface Choices {
  /** The lines that stand before the choices. */
  readonly before: readonly Line[];
  /** Empty when any text is an answer. */
  readonly choices: string[];
  /** The choices are marked as such, and not only a list at the end. */
  readonly areMarked: boolean;
}

/** Takes the choices from the end of a question: `CHOICES: a | b`, items after `CHOICES:`, or items alone. */
function takeChoices(lines: readonly Line[]): Choices {
  const at = lines.findLastIndex((line) => startsWith(CHOICES, line));
  const after = lines.slice(at + 1).filter((line) => !isBlank(line));
  const given = at < 0 ? '' : textAfter(CHOICES, lines[at]!);
  if (given && after.length === 0)
    return { before: lines.slice(0, at), choices: tidy(given.split('|')), areMarked: true };
  const items = after.slice(after.findLastIndex((line) => !isItem(line)) + 1);
  const choices = tidy(items.map(({ text }) => text.replace(ITEM, '')));
  if (choices.length < 2 || choices.length > CHOICES_MAX || given)
    return { before: lines, choices: [], areMarked: false };
  const isMarked = at >= 0 && items.length === after.length;
  return { before: lines.slice(0, isMarked ? at : lines.indexOf(items[0]!)), choices, areMarked: isMarked };
}

/** Choices without emphasis, each once. */
const tidy = (choices: readonly string[]): string[] => {
  const plain = choices.map((choice) =>
    cutText(choice.trim().replace(/^[*_`]+|[*_`]+$/g, ''), CHOICE_CHARACTERS_MAX),
  );
  return [...new Set(plain.filter(Boolean))].slice(0, CHOICES_MAX + 1);
};

/** What an agent writes that has no question; compared without case and punctuation. */
const NOTHING =
  /^(none|no|na|n a|nil|null|nothing|not applicable|(no|none)( further| open| more)? questions?|(none|nothing) (for now|at (this|the moment)( time)?|to ask|needed|required))?$/;
const NOTHING_CHARACTERS_MAX = 60;

const asksNothing = (text: string): boolean =>
  text.length <= NOTHING_CHARACTERS_MAX &&
  NOTHING.test(
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim(),
  );

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** Far longer than a question with its choices. Only so much of the end of a message is searched. */
const SEARCHED_CHARACTERS = 100_000;

/** Splits the end of a message into lines, and finds which of them are code or comments. */
function readLines(message: string): Line[] {
  const lines: Line[] = [];
  let endsCode: ((line: string) => boolean) | null = null;
  for (let from = 0; from <= message.length; ) {
    const newline = message.indexOf('\n', from);
    const to = newline < 0 ? message.length : newline;
    const text = message.slice(from, to).replace(/\r$/, '');
    const wasCode = endsCode !== null;
    if (endsCode?.(text)) endsCode = null;
    else if (!endsCode) endsCode = codeEnd(text);
    if (message.length - to <= SEARCHED_CHARACTERS)
      lines.push({ text, isCode: wasCode || endsCode !== null });
    from = to + 1;
  }
  return lines;
}

/** What ends the code or comment that begins in a line; null for a line in which none begins. */
function codeEnd(line: string): ((line: string) => boolean) | null {
  const [, fence] = FENCE.exec(line.slice(0, MARK_CHARACTERS_MAX)) ?? [];
  if (fence) return (each) => each.trim().startsWith(fence) && each.trim().replaceAll(fence[0]!, '') === '';
  if (line.trimStart().startsWith('<!--') && !line.includes('-->')) return (each) => each.includes('-->');
  return null;
}
