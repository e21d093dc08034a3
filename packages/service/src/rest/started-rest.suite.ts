import { once } from "node:events";
import { signToken } from "@signalbox/protocol";
import { ClientEndpoint, type ConnectionLimits, type HotRequest, type Listener, listen } from "@signalbox/transport";
import pino from "pino";
import WebSocket from "ws";
import { OwnHosts } from "../auth/own-hosts.ts";
import { createTokenVerifier } from "../auth/token-verifier.ts";
import type { Backend } from "../backends/backend.ts";
import { ClientDoor } from "../clients/client-door.ts";
import { Hubs } from "../hub/hubs.ts";
import { memoryStore } from "../store/memory-store.ts";
import { createRestDoor, type RestDoor } from "./rest-door.ts";
import type { RestOptions } from "./route.ts";

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

const limits: ConnectionLimits = {
  negotiateTimeout: 60_000,
  handshakeTimeout: 15_000,
  keepAliveInterval: 15_000,
  clientTimeout: 30_000,
  maxLifetime: 0,
  maxMessageBytes: 1024 * 1024,
  maxPendingBytes: 16 * 1024 * 1024,
  sendTimeout: 10_000,
  reconnectBufferBytes: 100_000,
  reconnectWindow: 30_000,
  pollTimeout: 90_000,
  pollInterval: 5_000,
};

// Clients of these tests are called and listed; what they say themselves is the upstream's affair.
const deaf: Backend = { handshake: "service", connected() {}, message() {}, disconnected() {}, async drained() {} };

export interface Sent {
  readonly body?: string | Uint8Array;
  /** Of the body; `application/json` unless said otherwise, null for none. */
  readonly type?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of a good one; null for none. */
  readonly token?: string | null;
}

/** The REST door before real hubs, on a real listener that clients connect to as well. */
export class StartedRest {
  readonly errors: unknown[] = [];
  readonly hubs = new Hubs(memoryStore, () => deaf);
  readonly door: RestDoor;
  options: RestOptions = { maxBodyBytes: 1024 * 1024, invokeTimeout: 10_000, corsOrigins: ["*"], draining: false };
  readonly #endpoint = new ClientEndpoint({ limits: () => limits });
  #listener: Listener | undefined;

  private constructor() {
    const verifier = createTokenVerifier({ keys: () => [key], clockSkewSeconds: () => 0 });
    const ownHosts = new OwnHosts();
    this.door = createRestDoor({
      hubs: this.hubs,
      connectionOf: (hub, token) => this.#endpoint.find(hub, token)?.id,
      verifier,
      ownHosts: () => ownHosts,
      keys: () => [key],
      options: () => this.options,
      log: pino({ level: "silent" }),
    });
    this.clients = new ClientDoor({
      endpoint: this.#endpoint,
      handler: this.hubs,
      verifier,
      options: () => ({ ownHosts, corsOrigins: [], maxConnections: 0, draining: false }),
    });
  }
  readonly clients: ClientDoor;

  static async start(): Promise<StartedRest> {
    const started = new StartedRest();
    started.#listener = await listen({
      port: 0,
      host: "127.0.0.1",
      maxHeaderBytes: 16 * 1024,
      maxMessageBytes: 1024 * 1024,
      handler: {
        hot: (request: HotRequest) => started.door.hot(request),
        fetch: (request, peer) => started.clients.fetch(request, peer) ?? started.door.fetch(request, peer),
        upgrade: (request) => started.clients.upgrade(request) ?? { refuse: new Response(null, { status: 404 }) },
        onError: (error) => started.errors.push(error),
      },
    });
    return started;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#listener!.port}`;
  }

  /** A token for a path, as the SDK of 2025 signs it. */
  token(path: string, claims: Readonly<Record<string, unknown>> = {}): string {
    return signToken({ aud: `http://127.0.0.1${path.split("?", 1)[0]}`, exp: inAnHour(), ...claims }, { key });
  }

  call(method: string, path: string, sent: Sent = {}): Promise<Response> {
    const token = sent.token === undefined ? this.token(path) : sent.token;
    const type = sent.body === undefined || sent.type === null ? undefined : (sent.type ?? "application/json");
    return fetch(this.origin + path, {
      method,
      headers: {
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(type === undefined ? {} : { "Content-Type": type }),
        ...sent.headers,
      },
      // A string would bring a content type of its own.
      ...(sent.body === undefined
        ? {}
        : { body: typeof sent.body === "string" ? Buffer.from(sent.body) : (sent.body as BodyInit) }),
    });
  }

  /** Where a client connects, and with which token. */
  clientAccess(hub: string, userId?: string): { readonly url: string; readonly token: string } {
    const claims = userId === undefined ? {} : { "asrs.s.uid": userId };
    return {
      url: `${this.origin}/client/?hub=${hub}`,
      token: signToken({ aud: `http://127.0.0.1/client/?hub=${hub}`, exp: inAnHour(), ...claims }, { key }),
    };
  }

  /** Connects a raw client. */
  async connect(hub: string, userId?: string, protocol: "json" | "messagepack" = "json"): Promise<RawClient> {
    const { url, token } = this.clientAccess(hub, userId);
    const known = new Set(await this.connectionIds(hub));
    const negotiation = await fetch(url.replace("/?", "/negotiate?negotiateVersion=1&"), {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    const { connectionToken } = (await negotiation.json()) as { readonly connectionToken: string };
    const socket = new WebSocket(`${url.replace("http", "ws")}&id=${connectionToken}&access_token=${token}`);
    const frames: Buffer[] = [];
    socket.on("message", (data: Buffer) => frames.push(data));
    await once(socket, "open");
    socket.send(`${JSON.stringify({ protocol, version: 1 })}\u001e`);
    await once(socket, "message");
    frames.length = 0;
    const id = (await this.connectionIds(hub)).find((connection) => !known.has(connection))!;
    return {
      id,
      token: connectionToken,
      socket,
      frames,
      text: () => Buffer.concat(frames.splice(0)).toString(),
      hex: () => Buffer.concat(frames.splice(0)).toString("hex"),
    };
  }

  async connectionIds(hub: string): Promise<readonly string[]> {
    const { items } = await this.hubs.execute(hub, { do: "list", of: { kind: "connections" }, limit: 1000 });
    return items.map(({ id }) => id);
  }

  async stop(): Promise<void> {
    await this.#endpoint.stop();
    await this.#listener?.close();
    this.hubs.stop();
  }
}

/** A client without a library, which shows the bytes that arrive. Reading takes them away. */
export interface RawClient {
  readonly id: string;
  /** Of its negotiation. */
  readonly token: string;
  readonly socket: WebSocket;
  readonly frames: Buffer[];
  text(): string;
  hex(): string;
}

export function inAnHour(): number {
  return Math.floor(Date.now() / 1000) + 3600;
}
