import { CloseReasons, type RawMessage, type Refusal } from "@signalbox/transport";
import type { RawClient, RawHubConnection } from "../../hub/hub-connection.ts";
import type { RawBackend, Welcome } from "../backend.ts";
import { type Announcement, Announcer, type AnnouncerParts } from "./announcer.ts";
import { connectAnswer, contentPayload, refused } from "./connect-answer.ts";
import { firstOf, headerBytes } from "./headers.ts";
import { httpDate } from "./http-date.ts";
import { type Lane, Lanes } from "./lane.ts";
import type { UpstreamCategory } from "./template.ts";
import type { UpstreamReply } from "./upstream-client.ts";

/** What happened to a connection, waiting for its turn. */
type RawEvent =
  | { readonly kind: "connect"; readonly subprotocols: readonly string[]; readonly settle: (answer: Welcome | Refusal) => void }
  | { readonly kind: "message"; readonly message: RawMessage }
  | { readonly kind: "disconnect" };

const disconnectEvent: RawEvent = { kind: "disconnect" };
const nothing = new Uint8Array();
const contentTypes = { text: "text/plain", binary: "application/octet-stream" } as const;

/**
 * Webhooks of raw WebSockets: `connect`, `message`, `disconnect` (reference serverless-upstream §5.3–5.5). Each connection's events go out
 * in order, one call at a time. What the upstream answers to a message goes back to its sender, whatever the status. A message that could
 * not be delivered ends its connection: its client hears of it, and nothing that it sent later arrives before it.
 */
export class RawUpstream implements RawBackend {
  readonly #announcer: Announcer;
  readonly #parts: AnnouncerParts;
  readonly #lanes: Lanes<RawHubConnection, RawEvent>;
  /** User ids that their upstream wrote in Latin-1: it is shown the bytes that it gave. */
  readonly #latin = new WeakMap<RawClient, string>();

  constructor(parts: AnnouncerParts, announcer = new Announcer(parts)) {
    this.#parts = parts;
    this.#announcer = announcer;
    this.#lanes = new Lanes({
      deliver: (connection, event, lane) => this.#deliver(connection, event, lane),
      failed: (connection, event, error, lane) => {
        parts.log.error({ err: error, connectionId: connection.id }, `Telling the upstream of '${event.kind}' failed`);
        if (event.kind === "connect") event.settle(refused(500));
        else giveUp(connection, lane);
      },
      sizeOf: (event) => (event.kind === "message" ? event.message.content.byteLength : 0),
    });
  }

  connecting(connection: RawHubConnection, subprotocols: readonly string[]): Promise<Welcome | Refusal> {
    return new Promise((settle) => this.#lanes.push(connection, { kind: "connect", subprotocols, settle }));
  }

  message(connection: RawHubConnection, message: RawMessage): void {
    this.#lanes.push(connection, { kind: "message", message });
  }

  disconnected(connection: RawHubConnection): void {
    this.#lanes.push(connection, disconnectEvent);
  }

  async drained(): Promise<void> {
    await this.#lanes.drained();
    this.#announcer.flush();
  }

  async #deliver(connection: RawHubConnection, event: RawEvent, lane: Lane<RawEvent>): Promise<void> {
    if (event.kind === "message") await this.#deliverMessage(connection, event.message, lane);
    else if (event.kind === "connect") event.settle(await this.#ask(connection, event.subprotocols, lane));
    else await this.#announce(connection, "connections", "disconnect", {});
  }

  async #ask(connection: RawHubConnection, subprotocols: readonly string[], lane: Lane<RawEvent>): Promise<Welcome | Refusal> {
    const reply = await this.#announce(connection, "connections", "connect", {
      wantsBody: "of any status",
      // The client is there and can ask again.
      once: true,
      subprotocols,
    });
    const answer = connectAnswer(connection.client, reply, subprotocols);
    if ("fault" in answer) {
      const { id, client } = connection;
      this.#parts.log.warn({ connectionId: id, hub: client.hub }, `A client is refused: ${answer.fault}`);
      // The upstream believes that the client is in.
      lane.push(disconnectEvent);
    } else if ("userId" in answer && answer.userId !== undefined) {
      const bytes = firstOf(reply?.headers["x-asrs-user-id"]).trim();
      if (bytes !== headerBytes(bytes) && answer.userId === bytes) this.#latin.set(connection.client, bytes);
    }
    return answer;
  }

  async #deliverMessage(connection: RawHubConnection, { kind, content }: RawMessage, lane: Lane<RawEvent>): Promise<void> {
    const reply = await this.#announce(connection, "messages", "message", {
      contentType: contentTypes[kind],
      body: content,
      wantsBody: "of any status",
    });
    if (reply === undefined) return;
    if (reply.failure !== undefined) {
      giveUp(connection, lane, reply.status === undefined ? undefined : "The answer of the upstream could not be read.");
    } else if (reply.body.byteLength > 0) {
      connection.connection.send(contentPayload(reply));
    }
  }

  #announce(
    { id, client }: RawHubConnection,
    category: UpstreamCategory,
    event: string,
    about: Partial<Announcement> & { readonly subprotocols?: readonly string[] },
  ): Promise<UpstreamReply | undefined> {
    const { subprotocols = [], ...others } = about;
    return this.#announcer.announce(
      { id, client },
      {
        category,
        event,
        contentType: undefined,
        body: nothing,
        wantsBody: false,
        headers: () => rawHeaders(client, subprotocols, this.#latin.get(client)),
        ...others,
      },
    );
  }
}

/** Closed first: emptying the lane would make room for what the client has sent since. */
function giveUp({ connection }: RawHubConnection, lane: Lane<RawEvent>, text?: string): void {
  connection.close(CloseReasons.backendFailed, text);
  lane.discard(({ kind }) => kind === "message");
}

/** Those that events of SignalR clients do not have. */
function rawHeaders(client: RawClient, subprotocols: readonly string[], userId: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {
    Date: httpDate(),
    "X-Forwarded-For": headerBytes(client.forwardedFor),
  };
  if (client.certificateThumbprint !== undefined) headers["X-ASRS-Client-Cert-Thumbprint"] = client.certificateThumbprint;
  if (userId !== undefined) headers["X-ASRS-User-Id"] = userId;
  if (subprotocols.length > 0) headers["Sec-WebSocket-Protocol"] = subprotocols.join(", ");
  return headers;
}
