/** Deeper than any document of ours. Whoever walks a value, `JSON.stringify` too, overflows his stack on a deep one. */
const DEPTH = 64;

/** As `JSON.parse`, for text of other people's making: nested no deeper than 64. @throws SyntaxError */
export function parseBounded(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeep(text)) throw new SyntaxError(`JSON nested deeper than ${DEPTH}`);
  return value;
}

/** `text` is known to be JSON. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) at = endOfString(text, at);
    else if (unit === 0x5b || unit === 0x7b) depth++;
    else if (unit === 0x5d || unit === 0x7d) depth--;
    if (depth > DEPTH) return true;
  }
  return false;
}

/** The quote that closes the string at `start`: the first with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text[before - 1] === '\\') before--;
    if ((end - before) % 2 === 0) return end;
  }
}
