import { type HubMessage, type HubProtocolName, messagePayload } from "@signalbox/protocol";
import type { CloseReason, HeaderReader, SignalRConnection } from "@signalbox/transport";
import type { ConnectionFeatures, HubCallerContext, HubUser } from "../hub/caller-context.ts";
import { type ConnectRequest, KeptRequest } from "./kept-request.ts";
import type { Upload } from "./upload.ts";

/** A call that its client may cancel. */
export interface Cancellable {
  cancel(): void;
}

/**
 * What `Context.Abort()` does (reference hub-and-service-protocol §3.5). Not an error: `onDisconnected` hears of none.
 */
const aborted: CloseReason = { name: "aborted", allowReconnect: false, sendsClose: true, code: 1000, metric: "Aborted" };

/** One connection as its hub knows it: the context of its calls, and what of them is under way. An idle one holds no more than this. */
export class HubClient implements HubCallerContext {
  #user: HubUser | undefined;
  readonly userIdentifier: string | undefined;
  readonly isRelayed: boolean;
  #request: ConnectRequest | KeptRequest;
  #connection: SignalRConnection | undefined = undefined;
  #items: Map<unknown, unknown> | undefined = undefined;
  #aborter: AbortController | undefined = undefined;
  #isAborted = false;
  /** Groups it is in; the roster's. */
  groups: Set<string> | undefined = undefined;
  /** Calls that hold a slot of the concurrency limit. */
  busy = 0;
  /** The call that found no slot, and with which reading stopped. */
  waiting: (() => void) | undefined = undefined;
  /** Streamed results, and calls that wait for a sign of cancellation, by invocation id. */
  cancellable: Map<string, Cancellable> | undefined = undefined;
  /** Streams that the client uploads, by their id. */
  uploads: Map<string, Upload> | undefined = undefined;
  /** `onConnected` is running; what is to happen after it. */
  connecting: { closed?: () => void } | undefined = undefined;
  /** `onConnected` has not failed: `onDisconnected` is to be called. */
  connected = false;
  /** What the client's own close message said. */
  closeError: string | undefined = undefined;

  /** @param isRelayed the service has its transport */
  constructor(user: HubUser | undefined, userIdentifier: string | undefined, request: ConnectRequest, isRelayed = false) {
    this.isRelayed = isRelayed;
    this.#user = user;
    this.userIdentifier = userIdentifier;
    this.#request = request;
  }

  attach(connection: SignalRConnection): void {
    this.#connection = connection;
    this.#request = new KeptRequest(this.#request as ConnectRequest);
  }

  get user(): HubUser | undefined {
    return this.#user;
  }

  /** The client handed in a new token. Whose connection it is does not change. */
  renewUser(user: HubUser | undefined): void {
    this.#user = user;
  }

  /** There once it is attached. */
  get request(): KeptRequest {
    return this.#request as KeptRequest;
  }

  get connection(): SignalRConnection {
    return this.#connection!;
  }

  get connectionId(): string {
    return this.connection.id;
  }

  get items(): Map<unknown, unknown> {
    this.#items ??= new Map();
    return this.#items;
  }

  get features(): ConnectionFeatures {
    return new Features(this);
  }

  get aborted(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#isAborted) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  abort(): void {
    this.connection.close(aborted);
    this.ended();
  }

  send(message: HubMessage): void {
    this.connection.send(messagePayload(message));
  }

  /** Nobody listens any more: everything under way is to stop. */
  ended(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#aborter?.abort();
    for (const call of [...(this.cancellable?.values() ?? [])]) call.cancel();
    for (const upload of [...(this.uploads?.values() ?? [])]) upload.cancel();
  }
}

/** Made on demand: hardly anybody asks more than once. */
class Features implements ConnectionFeatures {
  readonly #client: HubClient;

  constructor(client: HubClient) {
    this.#client = client;
  }

  get transport() {
    return this.#client.isRelayed ? undefined : this.#client.connection.transport;
  }

  get protocol() {
    // Whom this server answers speaks no other.
    return this.#client.connection.protocol.name as HubProtocolName;
  }

  get headers(): HeaderReader {
    return this.#client.request;
  }

  get query(): URLSearchParams {
    const { target } = this.#client.request;
    const question = target.indexOf("?");
    return new URLSearchParams(question < 0 ? "" : target.slice(question + 1));
  }

  get remoteAddress() {
    return this.#client.request.address;
  }
}
