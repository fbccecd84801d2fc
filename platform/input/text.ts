/** A text as PostgreSQL and JSON can hold it: NUL and halves of surrogate pairs become U+FFFD. */
export const makeStorable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

/** The beginning of a text, at most `charactersMax` UTF-16 units, storable wherever it is cut. */
export const cutText = (text: string, charactersMax: number): string =>
  makeStorable(text.slice(0, charactersMax));
