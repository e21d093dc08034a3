import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket as TcpSocket } from "node:net";
import type { HeaderReader, Peer, UpgradeRequest } from "./listener.ts";
import { findHeader, peerOf } from "./node-request.ts";
import { parseSubprotocols } from "./upgrade.ts";

/** Headers are looked up, and the peer is asked for its address, only when somebody wants to know; the message itself is not kept. */
export class NodeUpgradeRequest implements UpgradeRequest, HeaderReader {
  readonly target: string;
  readonly #tcp: TcpSocket;
  readonly #rawHeaders: readonly string[];

  constructor(message: IncomingMessage) {
    this.target = message.url!;
    this.#tcp = message.socket;
    this.#rawHeaders = message.rawHeaders;
  }

  get peer(): Peer {
    return peerOf(this.#tcp);
  }

  get headers(): HeaderReader {
    return this;
  }

  get(name: string): string | null {
    return findHeader(this.#rawHeaders, name) ?? null;
  }

  *entries(): Iterable<readonly [string, string]> {
    const headers = this.#rawHeaders;
    for (let at = 0; at < headers.length; at += 2) yield [headers[at]!, headers[at + 1]!];
  }

  get subprotocols(): readonly string[] {
    return parseSubprotocols(findHeader(this.#rawHeaders, "sec-websocket-protocol"));
  }
}

/** Headers that say how the answer is framed: the listener writes its own. */
const framing = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"]);

/** Answers an upgrade request with an ordinary response and ends the connection. */
export async function refuse(tcp: TcpSocket, response: Response): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  const lines = [`HTTP/1.1 ${response.status} ${response.statusText || STATUS_CODES[response.status] || ""}`];
  for (const [name, value] of response.headers) if (!framing.has(name)) lines.push(`${name}: ${value}`);
  lines.push(`Date: ${new Date().toUTCString()}`, "Connection: close", `Content-Length: ${body.length}`, "", "");
  if (!tcp.writable) return void tcp.destroy();
  tcp.once("finish", tcp.destroy);
  // Unread bytes would turn the end into a reset that takes the answer with it.
  tcp.resume();
  tcp.end(Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), body]));
}

/**
 * The request without its wish to upgrade, as bytes: fed back to the HTTP parser it becomes an ordinary request, body and all. Java's
 * HTTP client offers `Upgrade: h2c` with every first request, and HTTP/1.1 says that a server may ignore it (RFC 9110 §7.8).
 */
export function withoutUpgrade(message: IncomingMessage, head: Buffer): Buffer {
  const lines = [`${message.method} ${message.url} HTTP/${message.httpVersion}`];
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    const name = message.rawHeaders[i]!;
    const lower = name.toLowerCase();
    if (lower === "upgrade" || lower === "http2-settings" || lower === "connection") continue;
    lines.push(`${name}: ${message.rawHeaders[i + 1]!}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]);
}
