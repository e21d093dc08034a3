const html = /^\s*<(?:!doctype html|html|head|body)\b/i;

/**
 * Gives bytes without a type one. The cloud's host sends none, and browsers look at the bytes; the listeners would call them text on Node, so
 * what browsers would find is said: a page, or just bytes.
 * @param start the first bytes, where they are known
 */
export function nameType(headers: Headers, start?: Uint8Array): void {
  if (headers.has("content-type")) return;
  const isPage =
    start !== undefined &&
    html.test(Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, 256)).toString("latin1"));
  headers.set("content-type", isPage ? "text/html" : "application/octet-stream");
}
