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
  /** Header names as sent and values alternating, where they are known. */
  readonly rawHeaders: readonly string[];
  /** As the listener gave it, for its body and its signal alone: to ask for these costs, so it is done where they are needed. */
  readonly source: Request;
  /** Names of the proxies that sent it on within this process. */
  readonly proxies: readonly string[];
}

const noHeaders: readonly string[] = [];

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
    rawHeaders: peer.rawHeaders ?? noHeaders,
    source: request,
    proxies: [],
  };
}

/** For handlers that take a `Request`. Its body can be read once, here or there. */
export function toRequest(inbound: Inbound): Request {
  const { method, url, headers, source } = inbound;
  const body = method === "GET" || method === "HEAD" ? null : bodyOf(inbound);
  return new Request(url, { method, headers, signal: source.signal, ...(body === null ? {} : { body, duplex: "half" }) });
}

/** The unread body; null when none was sent. */
export function bodyOf({ source }: Inbound): ReadableStream<Uint8Array> | null {
  return hasBody(source) ? source.body : null;
}

/** By HTTP/1.1 a request has a body when one of these headers says so. */
function hasBody({ headers }: Request): boolean {
  return headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";
}

function firstOf(list: string | null): string | undefined {
  return list?.split(",", 1)[0]?.trim().toLowerCase() || undefined;
}

/** The whole body, or undefined when it is larger than `limit` bytes. A missing one is empty, and so is that of GET and HEAD. */
export async function readBody(inbound: Inbound, limit: number): Promise<Uint8Array | undefined> {
  const { source, method } = inbound;
  if (method === "GET" || method === "HEAD" || !hasBody(source)) return new Uint8Array(0);
  const declared = source.headers.get("content-length");
  if (declared !== null) return Number(declared) > limit ? undefined : new Uint8Array(await source.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source.body ?? []) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}
