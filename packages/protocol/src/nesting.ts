/**
 * Deepest nesting of arrays and objects that is read, in either protocol, and the deepest that MessagePack is written in. What is
 * deeper could exhaust the stack of whatever walks over it, and some runtimes write it in quadratic time. The number is that of
 * MessagePack for C#; System.Text.Json allows 64.
 */
export const maxDepth = 500;

/** Whether a JSON text nests deeper than `maxDepth`. A text that is no JSON may get either answer. */
export function nestsTooDeep(text: string): boolean {
  if (text.length <= 2 * maxDepth) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = stringEnd(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        if (depth > maxDepth) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
  return false;
}

/** Where the closing quotation mark stands; the end of the text when there is none. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
