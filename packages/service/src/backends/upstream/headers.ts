import type { HubConnection } from "../../hub/hub-connection.ts";
import type { UpstreamCategory } from "./template.ts";

/** Whom an event is about. */
export type Announced = Pick<HubConnection, "id" | "client">;

export interface UpstreamHeaderValues {
  readonly category: UpstreamCategory;
  readonly event: string;
  readonly contentType: string | undefined;
  /** The value of `X-ASRS-Signature`. */
  readonly signature: string;
  /** The same however often one event is told; a socket that is closed idle repeats any. */
  readonly idempotencyKey: string;
}

/** Header name to value, each character of a value one byte on the wire; in the emulator's order (reference serverless-upstream §3.2). */
export function upstreamHeaders({ id, client }: Announced, values: UpstreamHeaderValues): Record<string, string> {
  const headers: Record<string, string> = {
    "X-ASRS-Connection-Id": headerBytes(id),
    "X-ASRS-Hub": headerBytes(client.hubName),
    "X-ASRS-Category": values.category,
    "X-ASRS-Event": headerBytes(values.event),
  };
  if (client.userId) headers["X-ASRS-User-Id"] = headerBytes(client.userId);
  if (client.claims.length > 0) {
    headers["X-ASRS-User-Claims"] = headerBytes(client.claims.map(({ type, value }) => `${type}: ${value}`).join(", "));
  }
  if (client.query) headers["X-ASRS-Client-Query"] = headerBytes(client.query);
  headers["X-ASRS-Signature"] = values.signature;
  headers["X-ASRS-Idempotency-Key"] = values.idempotencyKey;
  if (values.contentType !== undefined) headers["Content-Type"] = values.contentType;
  return headers;
}

/**
 * A header value that any text becomes: UTF-8 bytes, one character a byte. What HTTP cannot carry is percent-encoded: control
 * characters anywhere, and blanks at the ends, which receivers trim. Everything else, a `%` too, stays as it is, since existing
 * receivers decode nothing; a value that spells such an escape itself therefore looks like the encoded one. The body of a message has
 * its exact target.
 */
export function headerBytes(text: string): string {
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(text)) return text;
  return Buffer.from(text, "utf8").toString("latin1").replace(unsendable, percentEncode);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
const unsendable = /[\x00-\x1f\x7f]|^ +| +$/g;

function percentEncode(characters: string): string {
  return Array.from(characters, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`).join(
    "",
  );
}

/** One value of a header that may be there several times. */
export function firstOf(value: string | string[] | undefined): string {
  return [value ?? ""].flat()[0] ?? "";
}
