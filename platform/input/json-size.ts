const [QUOTE, BACKSLASH] = ['"', '\\'];
const SEPARATORS: ReadonlySet<string> = new Set([',', '[', '{']);

/**
 * Whether a JSON text holds more than `most` values, counted in lists and objects at every level.
 *
 * It reads the text once and makes nothing of it: to parse a megabyte of small values takes ten times as long, and to walk
 * through the result still longer. A text that is not JSON has some number too; the parser refuses it.
 */
export function hasMoreValues(json: string, most: number): boolean {
  let values = 1;
  for (let at = 0; at < json.length && values <= most; at++) {
    const character = json[at]!;
    if (character === QUOTE) at = endOfString(json, at);
    else if (SEPARATORS.has(character)) values += 1;
  }
  return values > most;
}

/** Returns where the string ends that begins at `start`. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf(QUOTE, start + 1); end !== -1; end = json.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}
