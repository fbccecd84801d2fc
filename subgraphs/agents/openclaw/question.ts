import { cutText } from '../../../platform/input/text.ts';
import type { AskedQuestion } from '../entities/ending.ts';

/** How an agent asks a question; a part of every prompt. */
export const HOW_TO_ASK =
  'If you cannot go on without an answer from a person, end your last message with a line `QUESTION:` followed by ' +
  'the question. If it is a choice, add a line `CHOICES: one | other`. You will get the answer in this conversation.';

const QUESTION_CHARACTERS_MAX = 10_000;
const CHOICES_MAX = 20;
const CHOICE_CHARACTERS_MAX = 200;

const MARK = '\nQUESTION:';

/** Reads the question at the end of an agent's message; null when there is none. */
export function readQuestion(message: string): AskedQuestion | null {
  // A regular expression would scan a message of two megabytes once for each of its positions.
  const at = `\n${message}`.lastIndexOf(MARK);
  if (at < 0) return null;
  const [question = '', choices = ''] = message.slice(at + MARK.length - 1).split('\nCHOICES:', 2);
  const body = cutText(question.trim(), QUESTION_CHARACTERS_MAX);
  if (!body) return null;
  return {
    body,
    choices: choices
      .split('\n', 1)[0]!
      .split('|')
      .map((choice) => cutText(choice.trim(), CHOICE_CHARACTERS_MAX))
      .filter(Boolean)
      .slice(0, CHOICES_MAX),
  };
}
