import type { Peer } from "@signalbox/transport";
import { pathSegments } from "./routing/route-template.ts";

/** A request on its way through the front: what every part of it reads. */
export interface Inbound {
  /** Upper-case. */
  readonly method: string;
  /** As the client saw it. */
  readonly url: URL;
  /** Decoded segments of the path. */
  readonly path: readonly string[];
  /** Without what outsiders may not send. */
  readonly headers: Headers;
  /** Lower-case header name → the name as it was sent, where that is known. */
  readonly sentNames: ReadonlyMap<string, string>;
  readonly body: ReadableStream<Uint8Array> | null;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Names of the proxies that sent it on within this process. */
  readonly proxies: readonly string[];
}

const noNames: ReadonlyMap<string, string> = new Map();

/**
 * @param headers of the request after identity headers were taken out and put in
 * @param forwarded true: a trusted proxy stands before this host, and its `x-forwarded-proto` and `-host` say what the client saw
 */
export function toInbound(request: Request, peer: Peer, headers: Headers, forwarded: boolean): Inbound {
  const url = new URL(request.url);
  if (forwarded) {
    const protocol = firstOf(headers.get("x-forwarded-proto"));
    const host = firstOf(headers.get("x-forwarded-host"));
    if (protocol === "http" || protocol === "https") url.protocol = protocol;
    if (host !== undefined) {
      url.port = "";
      url.host = host;
    }
  } else if (peer.secure) {
    url.protocol = "https";
  }
  return {
    method: request.method.toUpperCase(),
    url,
    path: pathSegments(url.pathname),
    headers,
    sentNames: peer.rawHeaders === undefined ? noNames : namesAsSent(peer.rawHeaders),
    body: request.body,
    signal: request.signal,
    proxies: [],
  };
}

/** For handlers that take a `Request`. Its body can be read once, here or there. */
export function toRequest({ method, url, headers, body, signal }: Inbound): Request {
  const hasBody = body !== null && method !== "GET" && method !== "HEAD";
  return new Request(url, { method, headers, signal, ...(hasBody ? { body, duplex: "half" } : {}) });
}

function namesAsSent(rawHeaders: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    const lower = name.toLowerCase();
    if (!names.has(lower)) names.set(lower, name);
  }
  return names;
}

function firstOf(list: string | null): string | undefined {
  return list?.split(",", 1)[0]?.trim().toLowerCase() || undefined;
}

/** The whole body, or undefined when it is larger than `limit` bytes. A missing one is empty. */
export async function readBody(
  { body, headers }: Pick<Inbound, "body" | "headers">,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (body === null) return new Uint8Array(0);
  if (Number(headers.get("content-length") ?? 0) > limit) {
    await body.cancel().catch(() => {});
    return undefined;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}
