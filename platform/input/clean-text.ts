/*
 * What people type and paste holds characters that nobody sees: zero-width ones, direction marks, controls. They are
 * removed and not refused, because whoever pasted them cannot find them. The invisible characters that a script or an
 * emoji needs stay. NUL and halves of surrogate pairs stay too: `isStorable` refuses them.
 */

/** White space, and the braille blank, which is a space to whoever reads it. */
const SPACES = String.raw`[\s\u0085\u2800]`;
const LINE_BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;
const CONTROLS = String.raw`\u0001-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F`;
/** Overrides, embeddings and isolates: they turn around what follows, also beyond their own text. */
const OVERRIDES = String.raw`\u202A-\u202E\u2066-\u2069`;
const INVISIBLE = String.raw`\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\uFFF9-\uFFFB`;

/** The scripts in which ZWJ and ZWNJ change how letters join. */
const JOINING = [
  'Arabic',
  'Syriac',
  'Mongolian',
  'Nko',
  'Mandaic',
  'Devanagari',
  'Bengali',
  'Gurmukhi',
  'Gujarati',
]
  .concat(['Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar', 'Tibetan'])
  .map((script) => String.raw`\p{Script_Extensions=${script}}`)
  .join('');
const joins = String.raw`(?=[\p{L}\p{M}])[${JOINING}]`;

/** Invisible characters that belong to what stands before them. All else that is invisible has no use in a line. */
const KEPT = [
  // Families, professions, the rainbow flag: emoji that ZWJ joins.
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]|[\u{E0020}-\u{E007F}])\u200D(?=\p{Extended_Pictographic})`,
  // Emoji or text presentation. Digits, # and * have it in keycaps only.
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}])[\uFE0E\uFE0F]`,
  String.raw`(?<=[0-9#*])\uFE0F(?=\u20E3)`,
  // The flags of England, Scotland, Wales and others are spelt in tags.
  String.raw`(?<=\u{1F3F4})[\u{E0020}-\u{E007E}]{2,6}\u{E007F}`,
  // Persian, Kurdish, the scripts of India and others: joiners between two letters.
  String.raw`(?<=(?:${joins}))[\u200C\u200D](?=(?:${joins}))`,
  // Variants of ideographs and letters.
  String.raw`(?<=\p{Ideographic})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]`,
  String.raw`(?<=\p{Script=Mongolian})[\u180B-\u180D\u180F]`,
  String.raw`(?<=\p{Script=Myanmar})\uFE00`,
].join('|');

const KEPT_OR_INVISIBLE = new RegExp(`(${KEPT})|[${CONTROLS}${INVISIBLE}]`, 'gu');
const CONTROLS_AND_OVERRIDES = new RegExp(`[${CONTROLS}${OVERRIDES}]`, 'gu');
const SPACE = new RegExp(SPACES, 'u');
const MANY_SPACES = new RegExp(`${SPACES}+`, 'gu');
const ALL_INVISIBLE = new RegExp(`[${CONTROLS}${INVISIBLE}]`, 'gu');
const NOTHING_TO_SEE = new RegExp(`^(?:${SPACES}|[${CONTROLS}${INVISIBLE}])*$`, 'u');

/** Without the spaces at the ends. A pattern would try every run of spaces as the last one. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text[start]!)) start++;
  while (start < end && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/**
 * One line of text as it is kept: in Unicode's form NFC, without characters that nobody sees, without spaces at its ends.
 * Line breaks and tabs become a space. The invisible parts of emoji and of scripts that join letters stay.
 */
export const cleanLine = (text: string): string =>
  trim(
    text
      .replace(LINE_BREAKS, ' ')
      .normalize('NFC')
      .replace(KEPT_OR_INVISIBLE, (_found, kept: string | undefined) => kept ?? ''),
  ).normalize('NFC');

/** Text of several lines as it is kept: without controls but line breaks and tabs, and without overrides of its direction. */
export const cleanText = (text: string): string => text.replace(CONTROLS_AND_OVERRIDES, '');

/** Whether a text shows nothing, because it is empty or all its characters are spaces or invisible. */
export const isBlank = (text: string): boolean => NOTHING_TO_SEE.test(text);

/**
 * A name as it is compared: names that look the same have the same key. Case, width, composition, spaces and invisible
 * characters make no difference.
 *
 * Folded here and not by PostgreSQL, whose `lower` depends on the locale of each database. What unique columns hold was
 * made by this function: a change of it needs a migration.
 */
export const nameKey = (name: string): string =>
  trim(name.normalize('NFKC').replace(ALL_INVISIBLE, ''))
    .replace(MANY_SPACES, ' ')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC');
