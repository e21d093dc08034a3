/** A request target taken apart. */
export interface Target {
  /** Decoded, without the empty one that a trailing slash leaves. Undefined when a part is no valid percent-encoded UTF-8. */
  readonly segments: readonly string[] | undefined;
  /** Without the `?`. */
  readonly query: string;
}

/** @param target path and query, beginning with a slash */
export function splitTarget(target: string): Target {
  const mark = target.indexOf("?");
  const query = mark < 0 ? "" : target.slice(mark + 1);
  let end = mark < 0 ? target.length : mark;
  if (end > 1 && target.charCodeAt(end - 1) === slash) end -= 1;
  const raw = target.slice(1, end).split("/");
  // Encoded slashes belong to their segment, so decoding comes after splitting.
  return { segments: target.includes("%") ? decodeAll(raw) : raw, query };
}

const slash = 0x2f;

function decodeAll(segments: readonly string[]): readonly string[] | undefined {
  try {
    return segments.map((segment) => (segment.includes("%") ? decodeURIComponent(segment) : segment));
  } catch {
    return undefined;
  }
}

// Dot segments, backslashes, fragments and control or foreign characters: what the URL parser behind `Request` reads in its own way.
const needsUrlParser = /[^!-~]|[\\#]|\/(?:\.|%2e){1,2}(?:[/?]|$)/i;

/** True when the target means the same read literally and read through `new Request`. */
export function isPlain(target: string): boolean {
  return !needsUrlParser.test(target);
}
