/** How the text of a message stands in the queue (host.json `extensions.queues.messageEncoding`; default base64). */
export type MessageEncoding = "base64" | "none";

export function encodeMessage(text: string, encoding: MessageEncoding): string {
  return encoding === "base64" ? Buffer.from(text, "utf8").toString("base64") : text;
}

/** Text that is no base64 stays as it is: other senders may not encode. */
export function decodeMessage(text: string, encoding: MessageEncoding): string {
  if (encoding === "none" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return text;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64"));
  } catch {
    return text;
  }
}
