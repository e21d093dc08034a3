import { framedPayload, type HubMessage, MessageType } from "@signalbox/protocol";
import { type ClientMessage, CloseReasons } from "@signalbox/transport";
import type { HubConnection } from "../../hub/hub-connection.ts";
import type { Backend } from "../backend.ts";
import { Announcer, type AnnouncerParts } from "./announcer.ts";
import { type ClientAnswer, failed, invocationAnswer, streamAnswer } from "./answer.ts";
import { shorten } from "./failure-log.ts";
import { type Lane, Lanes } from "./lane.ts";
import { OpenStreams } from "./open-streams.ts";
import type { UpstreamReply } from "./upstream-client.ts";

/** What happened to a connection, waiting for its turn. */
type ConnectionEvent =
  | { readonly kind: "connected" }
  | { readonly kind: "message"; readonly sent: ClientMessage }
  | { readonly kind: "disconnected"; readonly error: string | undefined };

const connectedEvent: ConnectionEvent = { kind: "connected" };
const connectedBody = Buffer.from('{"type":10}');
const contentTypes = { Text: "application/json", Binary: "application/x-msgpack" } as const;

/**
 * Webhooks: tells upstream HTTP endpoints about connected, disconnected and messages, and the client what they answered (reference
 * serverless-upstream §1.5–1.7, §2, §3; emulator-observed §5). Each connection's events go out in order, one call at a time; an
 * invocation that waits for an answer always gets one, be it an error.
 */
export class UpstreamBackend implements Backend {
  readonly handshake = "service";
  readonly #announcer: Announcer;
  readonly #parts: AnnouncerParts;
  readonly #lanes: Lanes<HubConnection, ConnectionEvent>;
  readonly #streams = new WeakMap<HubConnection, OpenStreams>();
  constructor(parts: AnnouncerParts, announcer = new Announcer(parts)) {
    this.#parts = parts;
    this.#announcer = announcer;
    this.#lanes = new Lanes({
      deliver: (connection, event, lane) => this.#deliver(connection, event, lane),
      failed: (connection, event, error) => {
        parts.log.error({ err: error, connectionId: connection.id }, `Telling the upstream of '${event.kind}' failed`);
        if (event.kind === "message") giveUp(connection, event.sent.message);
      },
      sizeOf,
    });
  }

  connected(connection: HubConnection): void {
    if (this.#tellsNobody) this.#nobodyHears(connection, "connected");
    else this.#lanes.push(connection, connectedEvent);
  }

  /** Invocations, stream invocations and their cancellation are told; items of uploads and the like end here, as in the cloud. */
  message(connection: HubConnection, sent: ClientMessage): void {
    if (isTold(sent.message)) this.#lanes.push(connection, { kind: "message", sent });
  }

  disconnected(connection: HubConnection, error: string | undefined): void {
    if (this.#tellsNobody && !this.#lanes.has(connection)) this.#nobodyHears(connection, "disconnected");
    else this.#lanes.push(connection, { kind: "disconnected", error });
  }

  /** Then a client that comes or goes costs no lane and no promise; messages still need their answer. */
  get #tellsNobody(): boolean {
    return this.#parts.options().templates.length === 0;
  }

  #nobodyHears({ client }: HubConnection, event: string): void {
    this.#announcer.nobodyHears({ hub: client.hubName, category: "connections", event });
  }

  async drained(): Promise<void> {
    await this.#lanes.drained();
    this.#announcer.flush();
  }

  async #deliver(connection: HubConnection, event: ConnectionEvent, lane: Lane<ConnectionEvent>): Promise<void> {
    if (event.kind === "message") await this.#deliverMessage(connection, event.sent);
    else if (event.kind === "connected") await this.#deliverConnected(connection, lane);
    else await this.#deliverDisconnected(connection, event.error);
  }

  async #deliverConnected(connection: HubConnection, lane: Lane<ConnectionEvent>): Promise<void> {
    const reply = await this.#announceConnection(connection, "connected", connectedBody);
    if (reply?.status !== 403 || !this.#parts.options().closeOnRefusedConnect) return;
    // Closed first: emptying the lane would make room for what the client has sent since.
    connection.connection.close(CloseReasons.refusedByBackend);
    lane.discard(({ kind }) => kind === "message");
  }

  /** In the emulator's spelling, which the documents share; the functions host reads any letter case (reference §3.1). */
  async #deliverDisconnected(connection: HubConnection, error: string | undefined): Promise<void> {
    await this.#announceConnection(connection, "disconnected", Buffer.from(JSON.stringify({ Type: 11, Error: error })));
  }

  /** JSON whatever the client's protocol. */
  #announceConnection(connection: HubConnection, event: string, body: Uint8Array): Promise<UpstreamReply | undefined> {
    return this.#announcer.announce(connection, {
      category: "connections",
      event,
      contentType: contentTypes.Text,
      body,
      wantsBody: false,
    });
  }

  async #deliverMessage(connection: HubConnection, { record, message }: ClientMessage): Promise<void> {
    const { protocol } = connection.connection;
    switch (message.type) {
      case MessageType.Invocation: {
        const { target, invocationId } = message;
        const reply = await this.#announceMessage(connection, target, record, invocationId !== undefined);
        if (invocationId === undefined) return;
        if (reply === undefined) answer(connection, failed(protocol, invocationId, noUpstream(connection, target)));
        else answer(connection, invocationAnswer(protocol, invocationId, reply));
        return;
      }
      case MessageType.StreamInvocation: {
        const { target, invocationId } = message;
        const reply = await this.#announceMessage(connection, target, record, true);
        if (reply === undefined) {
          answer(connection, failed(protocol, invocationId, noUpstream(connection, target)));
          return;
        }
        const toClient = streamAnswer(protocol, invocationId, reply);
        if (!toClient.completed) this.#streamsOf(connection).opened(invocationId, target);
        answer(connection, toClient);
        return;
      }
      case MessageType.CancelInvocation: {
        const target = this.#streams.get(connection)?.closed(message.invocationId);
        if (target !== undefined) await this.#announceMessage(connection, target, record, false);
      }
    }
  }

  /** The client's own record, so that numbers and bytes stay as they were sent. */
  #announceMessage(
    connection: HubConnection,
    target: string,
    record: Uint8Array,
    wantsBody: boolean,
  ): Promise<UpstreamReply | undefined> {
    const { protocol } = connection.connection;
    return this.#announcer.announce(connection, {
      category: "messages",
      event: target,
      contentType: contentTypes[protocol.transferFormat],
      body: protocol.unframe(record),
      wantsBody,
    });
  }

  #streamsOf(connection: HubConnection): OpenStreams {
    const streams = this.#streams.get(connection) ?? new OpenStreams();
    this.#streams.set(connection, streams);
    return streams;
  }
}

function isTold({ type }: HubMessage): boolean {
  return type === MessageType.Invocation || type === MessageType.StreamInvocation || type === MessageType.CancelInvocation;
}

function sizeOf(event: ConnectionEvent): number {
  return event.kind === "message" ? event.sent.record.byteLength : 0;
}

function noUpstream({ client }: HubConnection, target: string): string {
  return `no upstream takes the event '${shorten(target)}' of hub '${client.hubName}'`;
}

/** Nobody is left waiting, whatever went wrong here. */
function giveUp(connection: HubConnection, message: HubMessage): void {
  if (message.type !== MessageType.Invocation && message.type !== MessageType.StreamInvocation) return;
  if (message.invocationId === undefined) return;
  answer(connection, failed(connection.connection.protocol, message.invocationId, "status code 500"));
}

/** Each record is a payload of its own: stateful reconnect counts them one by one. */
function answer({ connection }: HubConnection, { records, close }: ClientAnswer): void {
  for (const record of records) connection.send(framedPayload(new Map([[connection.protocol.name, record]])));
  if (close === undefined) return;
  connection.close({ ...CloseReasons.closedByBackend, allowReconnect: close.allowReconnect === true }, close.error);
}
