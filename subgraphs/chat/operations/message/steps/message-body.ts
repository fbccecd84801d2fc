import { nonBlankText } from '../../../../../platform/input/input.ts';

/** What can be said: 1 to 20,000 characters of Markdown. */
export const messageBody = nonBlankText(20_000);
