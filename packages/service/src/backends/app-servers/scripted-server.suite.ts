import {
  type ClientInvocationMessage,
  type CloseConnectionMessage,
  type ConnectionDataMessage,
  type ConnectionFlowControlMessage,
  clientProtocols,
  decodeGroupMemberPage,
  FlowControlOperation,
  FlowControlSubject,
  type GroupMemberQueryMessage,
  type HubMessage,
  type HubProtocol,
  type InvocationMessage,
  MessageType,
  type OpenConnectionMessage,
  pingValue,
  ServiceHeader,
  type ServiceMessage,
  ServiceMessageReader,
  ServiceMessageType,
  ServiceMessageWriter,
  signToken,
} from "@signalbox/protocol";
import WebSocket from "ws";
import { developmentKey } from "../../config/settings.ts";
import type { Service } from "../../service.ts";

export interface ServerOptions {
  readonly hub?: string;
  readonly serverId?: string;
  readonly connections?: number;
  readonly connectionType?: number;
  readonly migrationLevel?: number;
  readonly allowStatefulReconnects?: boolean;
  /** Shakes hands as SDKs before 2024 do. */
  readonly isOlder?: boolean;
  readonly target?: string;
}

export type Method = (client: ServerClient, ...args: never[]) => unknown;

const numbers = { servers: 0 };

/**
 * An app server over real sockets: it shakes hands for its clients, calls the methods given, and answers pings as the SDK does. Reads as
 * many server connections as it is told to open; everything it hears is kept.
 */
export class ScriptedServer {
  readonly serverId: string;
  readonly hub: string;
  readonly connections: ScriptedConnection[] = [];
  readonly methods = new Map<string, Method>();
  readonly clients = new Map<string, ServerClient>();
  /** Connection ids, in order of their coming and going. */
  readonly connected: string[] = [];
  readonly disconnected: string[] = [];
  /** The answer to a client's handshake; undefined: none. */
  onHandshake: (client: ServerClient) => string | undefined = () => "{}\u001e";
  /** Opens a further connection when the service asks for one. */
  growsOnDemand = true;
  readonly #service: Service;
  readonly #options: ServerOptions;

  private constructor(service: Service, options: ServerOptions) {
    this.#service = service;
    this.#options = options;
    this.hub = options.hub ?? "chat";
    this.serverId = options.serverId ?? `server_${++numbers.servers}`;
    this.methods.set("echo", (_client, value) => value);
    this.methods.set("whoServes", () => this.serverId);
    this.methods.set("broadcast", (client, ...args) => {
      client.connection.send({
        type: 10,
        excludedConnectionIds: [],
        payloads: payloadsOf({ type: 1, target: "news", arguments: args }),
      });
    });
  }

  static async start(service: Service, options: ServerOptions = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(service, options);
    await Promise.all(Array.from({ length: options.connections ?? 1 }, () => server.open()));
    return server;
  }

  /** One more server connection, through its handshake. */
  async open(options: ServerOptions = {}): Promise<ScriptedConnection> {
    const all = { ...this.#options, ...options };
    const query = all.target === undefined ? "" : `&target=${encodeURIComponent(all.target)}`;
    const socket = openServerSocket(this.#service, { hub: this.hub, serverId: this.serverId, query });
    const connection = new ScriptedConnection(socket, this);
    await connection.opened;
    const { connectionType = 0, migrationLevel = 0, allowStatefulReconnects = false } = all;
    if (all.isOlder) connection.sendBytes(Uint8Array.of(7, 0x96, 1, 1, connectionType, 0xa0, migrationLevel, 0x80));
    else connection.send({ type: 1, version: 1, connectionType, target: "", migrationLevel, allowStatefulReconnects });
    const answer = await connection.until(ServiceMessageType.HandshakeResponse);
    if (answer.error) throw new Error(answer.error);
    this.connections.push(connection);
    return connection;
  }

  /** The first connection. */
  get connection(): ScriptedConnection {
    return this.connections[0]!;
  }

  /** Everything that came on any connection. */
  get received(): readonly ServiceMessage[] {
    return this.connections.flatMap(({ received }) => received);
  }

  send(message: ServiceMessage): void {
    this.connection.send(message);
  }

  /** As an app that shuts down: says so on every connection until each has its answer. */
  async leave(how: "fin:0" | "fin:1" | "fin:2"): Promise<void> {
    await Promise.all(
      this.connections.map(async (connection) => {
        connection.send({ type: 3, values: ["shutdown", how] });
        await connection.until(3, (ping) => pingValue(ping, "shutdown") === "finack");
      }),
    );
  }

  async groupMembers(query: Pick<GroupMemberQueryMessage, "group" | "top" | "continuationToken" | "maxPageSize">) {
    const ackId = 1_000_000 + this.received.length;
    this.send({ type: 40, ackId, ...query });
    const { payload } = await this.connection.until(20, (answer) => answer.ackId === ackId);
    return decodeGroupMemberPage(payload!);
  }

  /** Dies without a word. */
  kill(): void {
    for (const { socket } of this.connections) socket.terminate();
  }

  async stop(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
  }
}

export interface SocketOptions {
  readonly hub?: string;
  readonly serverId?: string;
  readonly query?: string;
  readonly token?: string | undefined;
  readonly path?: string;
}

export function serverToken(hub: string, serverId: string, claims: object = {}, key = developmentKey): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  return signToken({ aud: `http://localhost/server/?hub=${hub}`, nameid: serverId, exp, ...claims }, { key });
}

/** A bare WebSocket to the door of app servers. */
export function openServerSocket(service: Service, options: SocketOptions = {}): WebSocket {
  const { hub = "chat", serverId = "server", query = "", path = `/server/?hub=${hub}&cid=${crypto.randomUUID()}` } = options;
  const token = "token" in options ? options.token : serverToken(hub, serverId);
  const headers = { "X-ASRS-Server-Id": serverId, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  return new WebSocket(`${service.url.replace("http", "ws")}${path}${query}`, { headers });
}

type MessageOf<N extends ServiceMessage["type"]> = Extract<ServiceMessage, { readonly type: N }>;

interface Watcher {
  readonly wants: (message: ServiceMessage) => boolean;
  readonly resolve: (message: ServiceMessage) => void;
}

/** One server connection. */
export class ScriptedConnection {
  readonly socket: WebSocket;
  readonly server: ScriptedServer;
  readonly received: ServiceMessage[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<number>;
  /** Says nothing any more, though it reads. */
  isSilent = false;
  readonly #reader = new ServiceMessageReader(Number.POSITIVE_INFINITY);
  readonly #watchers = new Set<Watcher>();
  /** Clients whose output the service has paused. */
  readonly #paused = new Map<string, ServiceMessage[]>();

  constructor(socket: WebSocket, server: ScriptedServer) {
    this.socket = socket;
    this.server = server;
    this.opened = new Promise((resolve, reject) => {
      socket.once("open", () => resolve());
      socket.once("error", reject);
      socket.once("unexpected-response", (_, response) => reject(new Error(`HTTP ${response.statusCode}`)));
    });
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.on("message", (data: Buffer) => this.#reader.read(data, (message) => this.#take(message)));
  }

  send(...messages: ServiceMessage[]): void {
    const writer = new ServiceMessageWriter();
    for (const message of messages) writer.add(message);
    this.sendBytes(writer.take());
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.socket.readyState === WebSocket.OPEN && !this.isSilent) this.socket.send(bytes);
  }

  /** Hub messages for a client of this connection. */
  toClient(client: ServerClient, message: HubMessage, dataMessageType = 2): void {
    const data: ConnectionDataMessage = {
      type: 6,
      connectionId: client.id,
      payload: client.protocol.encode(message),
      extensions: { dataMessageType },
    };
    const held = this.#paused.get(client.id);
    if (held === undefined) this.send(data);
    else held.push(data);
  }

  /** The first message of a type, of those that came or come, that is wanted. */
  until<N extends ServiceMessage["type"]>(
    type: N,
    wants: (message: MessageOf<N>) => boolean = () => true,
  ): Promise<MessageOf<N>> {
    const isWanted = (message: ServiceMessage) => message.type === type && wants(message as MessageOf<N>);
    const found = this.received.find(isWanted);
    if (found !== undefined) return Promise.resolve(found as MessageOf<N>);
    return new Promise((resolve) =>
      this.#watchers.add({ wants: isWanted, resolve: resolve as (message: ServiceMessage) => void }),
    );
  }

  async close(): Promise<void> {
    this.socket.close(1000);
    await this.closed;
  }

  #take(message: ServiceMessage): void {
    this.received.push(message);
    for (const watcher of [...this.#watchers]) {
      if (!watcher.wants(message)) continue;
      this.#watchers.delete(watcher);
      watcher.resolve(message);
    }
    switch (message.type) {
      case ServiceMessageType.Ping:
        this.#ping(message.values);
        break;
      case ServiceMessageType.OpenConnection:
        this.#open(message);
        break;
      case ServiceMessageType.CloseConnection:
        this.#close(message);
        break;
      case ServiceMessageType.ConnectionData:
        void this.#data(message);
        break;
      case ServiceMessageType.ClientInvocation:
        this.#routed(message);
        break;
      case ServiceMessageType.ConnectionFlowControl:
        this.#flowControl(message);
        break;
    }
  }

  #flowControl(message: ConnectionFlowControlMessage): void {
    const { connectionId, connectionType, operation } = message;
    if (connectionType !== FlowControlSubject.Client) return;
    if (operation === FlowControlOperation.Pause) {
      this.#paused.set(connectionId, []);
      this.send({ ...message, operation: FlowControlOperation.PauseAck });
    } else if (operation === FlowControlOperation.Resume) {
      const client = this.server.clients.get(connectionId);
      if (client === undefined) return;
      const held = client.connection.#paused.get(client.id) ?? [];
      client.connection.#paused.delete(client.id);
      client.connection = this;
      this.send(...held);
    }
  }

  #ping(values: readonly string[]): void {
    const target = pingValue({ type: 3, values }, "target");
    if (target !== undefined && this.server.growsOnDemand) void this.server.open({ connectionType: 1, target });
    if (values[0] === "echo") this.send({ type: 3, values });
    else if (values.length === 0) this.send({ type: 3, values: ["#clientInHub", "0", "#client", "0"] });
  }

  #open(message: OpenConnectionMessage): void {
    const client = new ServerClient(message, this);
    this.server.clients.set(client.id, client);
    this.server.connected.push(client.id);
  }

  #close({ connectionId }: CloseConnectionMessage): void {
    this.#paused.delete(connectionId);
    if (this.server.clients.get(connectionId)?.connection !== this) return;
    this.server.clients.delete(connectionId);
    this.server.disconnected.push(connectionId);
  }

  async #data({ connectionId, payload }: ConnectionDataMessage): Promise<void> {
    const client = this.server.clients.get(connectionId);
    if (client === undefined) return;
    if (!client.isShaken) {
      client.isShaken = true;
      // One that comes from another server has had its answer.
      const answer = client.isMigrated ? undefined : this.server.onHandshake(client);
      if (answer === undefined) return;
      this.send({ type: 6, connectionId, payload: Buffer.from(answer), extensions: { dataMessageType: 1 } });
      return;
    }
    const message = decoded(client.protocol, payload);
    if (message !== undefined) client.heard.push(message);
    if (message?.type === MessageType.Invocation) await this.#invoke(client, message);
    else if (message?.type === MessageType.Completion && client.awaited.delete(message.invocationId)) {
      const { invocationId } = message;
      const { serverId } = this.server;
      const protocol = client.protocol.name;
      this.send({ type: 35, invocationId, connectionId, callerServerId: serverId, protocol, payload });
    }
  }

  async #invoke(client: ServerClient, { target, arguments: args, invocationId }: InvocationMessage): Promise<void> {
    const method = this.server.methods.get(target);
    let completion: object = { error: `Unknown hub method '${target}'` };
    try {
      if (method !== undefined) completion = { result: (await method(client, ...(args as never[]))) ?? null };
    } catch (error) {
      completion = { error: (error as Error).message };
    }
    if (invocationId === undefined) return;
    client.connection.toClient(client, { type: 3, invocationId, ...completion } as HubMessage);
  }

  #routed({ connectionId, invocationId }: ClientInvocationMessage): void {
    this.server.clients.get(connectionId)?.awaited.add(invocationId);
  }
}

/** A client, as the app server sees it. */
export class ServerClient {
  readonly id: string;
  readonly open: OpenConnectionMessage;
  readonly protocol: HubProtocol;
  connection: ScriptedConnection;
  isShaken = false;
  readonly isMigrated: boolean;
  /** Hub messages of the client, in order. */
  readonly heard: HubMessage[] = [];
  /** Invocations of other servers whose completion is to be passed on. */
  readonly awaited = new Set<string>();

  constructor(open: OpenConnectionMessage, connection: ScriptedConnection) {
    this.id = open.connectionId;
    this.open = open;
    this.connection = connection;
    this.protocol = clientProtocols.get(open.extensions?.protocol ?? "json")!;
    this.isMigrated = open.headers.has(ServiceHeader.migrateFrom);
  }

  claims(type: string): string[] {
    return this.open.claims.filter((claim) => claim.type === type).map(({ value }) => value);
  }
}

/** One hub message in every protocol. */
export function payloadsOf(message: HubMessage): ReadonlyMap<string, Uint8Array> {
  return new Map([...clientProtocols].map(([name, protocol]) => [name, protocol.encode(message)]));
}

/** Undefined for what is no hub message. */
function decoded(protocol: HubProtocol, record: Uint8Array): HubMessage | undefined {
  try {
    return protocol.decode(record);
  } catch {
    return undefined;
  }
}
