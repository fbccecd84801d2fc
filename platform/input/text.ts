/** Makes a text storable in PostgreSQL and JSON: NUL and halves of surrogate pairs become U+FFFD. */
export const makeStorable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

/** The first `charactersMax` UTF-16 units of a text, made storable. */
export const cutText = (text: string, charactersMax: number): string =>
  makeStorable(text.slice(0, charactersMax));
