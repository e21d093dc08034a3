import { InvalidArgumentError } from "../errors.ts";
import type { MessageBody } from "../rest/message-body.ts";

/** What clients receive: text as one text message, bytes as one binary message, anything else as the text of its JSON. */
export type WebSocketContent = string | Uint8Array | ArrayBuffer | object | number | boolean | null;

/** @throws {InvalidArgumentError} for what JSON cannot hold */
export function contentBody(content: WebSocketContent): MessageBody {
  if (content instanceof ArrayBuffer) return binary(new Uint8Array(content));
  if (content instanceof Uint8Array) return binary(new Uint8Array(content));
  return { contentType: "text/plain", content: typeof content === "string" ? content : jsonText(content) };
}

function binary(content: Uint8Array<ArrayBuffer>): MessageBody {
  return { contentType: "application/octet-stream", content };
}

function jsonText(content: object | number | boolean | null): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(content);
  } catch (cause) {
    throw new InvalidArgumentError(`The content cannot be written as JSON: ${(cause as Error).message}`, { cause });
  }
  if (text === undefined) throw new InvalidArgumentError(`The content is ${typeof content}, which JSON cannot hold.`);
  return text;
}
