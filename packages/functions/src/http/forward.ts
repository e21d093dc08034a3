import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { nameType } from "./message/unknown-type.ts";

/** Headers of one connection (RFC 9110 §7.6.1), not passed on; the host is that of the target. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const bodyless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

export interface Forwarded {
  readonly method: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  /** Ends the call; its answer's body then fails. */
  readonly signal: AbortSignal;
}

/** Headers that a proxy may pass on. */
export function endToEnd(headers: Headers): Headers {
  const named = new Set((headers.get("connection") ?? "").toLowerCase().split(/\s*,\s*/));
  const kept = new Headers();
  for (const [name, value] of headers) if (!hopByHop.has(name) && !named.has(name)) kept.append(name, value);
  return kept;
}

/**
 * Sends a request on and gives the answer as it comes: redirects are not followed, bytes stay encoded as they are, both bodies stream.
 * Not `fetch`, which decompresses and leaves the header that says the bytes are compressed.
 * @throws whatever the connection fails with, before the answer's head is there
 */
export function forward(target: URL, { method, headers, body, signal }: Forwarded): Promise<Response> {
  return new Promise((resolve, reject) => {
    const send = target.protocol === "https:" ? requestHttps : requestHttp;
    // A connection of its own: a kept-alive one may be closing, and a body that streams cannot be sent again.
    const outgoing: ClientRequest = send(target, {
      method,
      headers: Object.fromEntries(endToEnd(headers)),
      signal,
      agent: false,
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      try {
        resolve(toResponse(incoming));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    if (body === null) {
      outgoing.end();
      return;
    }
    const source = Readable.fromWeb(body as NodeReadableStream<Uint8Array>);
    source.on("error", (error) => outgoing.destroy(error));
    source.pipe(outgoing);
  });
}

function toResponse(incoming: IncomingMessage): Response {
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!);
  const status = incoming.statusCode!;
  if (bodyless.has(status)) incoming.resume();
  const body = bodyless.has(status) ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
  const passedOn = endToEnd(headers);
  if (body !== null) nameType(passedOn);
  return new Response(body, { status, statusText: incoming.statusMessage ?? "", headers: passedOn });
}
