const texts = new WeakMap<object, string>();

/** Returns a result as JSON. The text is made once, however many clients get the result; it must not change afterwards. */
export function resultText(result: object): string {
  const known = texts.get(result);
  if (known !== undefined) return known;
  const text = JSON.stringify(result);
  texts.set(result, text);
  return text;
}
