/** Makes a text storable in PostgreSQL and JSON: NUL and halves of surrogate pairs become U+FFFD. */
export const makeStorable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Longer than what people see as one character, such as an emoji of a family. */
const CHARACTER_UNITS_MAX = 64;

/**
 * The beginning of a text, at most `unitsMax` UTF-16 units, made storable. It ends between two characters as people see
 * them: an emoji of several code points is kept whole or left out.
 */
export function cutText(text: string, unitsMax: number): string {
  if (text.length <= unitsMax) return makeStorable(text);
  const character = CHARACTERS.segment(text.slice(0, unitsMax + CHARACTER_UNITS_MAX)).containing(unitsMax);
  const end = character && unitsMax - character.index < CHARACTER_UNITS_MAX ? character.index : unitsMax;
  return makeStorable(text.slice(0, end));
}
