import {
  type HubMessage,
  type InvocationMessage,
  MessageType,
  ProtocolError,
  type StreamInvocationMessage,
} from "@signalbox/protocol";
import type { GroupManager, HubCallerClients } from "../clients/hub-clients.ts";
import type { LifetimeContext, SendingCall } from "../clients/proxies.ts";
import type { HubCall } from "../hub/hub.ts";
import type { Cancellable, HubClient } from "./hub-client.ts";
import { Upload } from "./upload.ts";

/** What a hub instance sees of the moment it was made for: a connection that comes or goes. */
export class Occasion implements HubCall, SendingCall {
  readonly context: HubClient;
  protected readonly hub: LifetimeContext;
  readonly #mayInvoke: boolean;
  #clients: HubCallerClients | undefined = undefined;

  /** @param mayInvoke false: the connection's answers are not read yet, so waiting for one would never end */
  constructor(context: HubClient, hub: LifetimeContext, mayInvoke = true) {
    this.context = context;
    this.hub = hub;
    this.#mayInvoke = mayInvoke;
  }

  get clients(): HubCallerClients {
    this.#clients ??= this.hub.callerClients(this);
    return this.#clients;
  }

  get groups(): GroupManager {
    return this.hub.groups;
  }

  get signal(): AbortSignal {
    return this.context.aborted;
  }

  beforeInvoke(): void {
    if (!this.#mayInvoke) throw new Error("Client results inside onConnected hub methods are not allowed.");
  }
}

/** A call of a hub method by a client, from its message to its completion. */
export class Call extends Occasion implements Cancellable {
  readonly message: InvocationMessage | StreamInvocationMessage;
  holdsSlot = false;
  /** The client wants no more of it. */
  isCanceled = false;
  /** Stops a streamed result. */
  onCancel: (() => void) | undefined = undefined;
  #aborter: AbortController | undefined = undefined;
  #uploads: Upload[] | undefined = undefined;
  readonly #releaseSlot: (call: Call) => void;

  constructor(
    client: HubClient,
    hub: LifetimeContext,
    message: InvocationMessage | StreamInvocationMessage,
    releaseSlot: (call: Call) => void,
  ) {
    super(client, hub);
    this.message = message;
    this.#releaseSlot = releaseSlot;
  }

  get isStreamed(): boolean {
    return this.message.type === MessageType.StreamInvocation;
  }

  /** Waiting for a client: other calls, and the answer, must come through (reference hub-and-service-protocol §3.2). */
  override beforeInvoke(): void {
    this.#releaseSlot(this);
  }

  override get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.isCanceled || this.context.isAborted) this.#aborter.abort();
      else this.register();
    }
    return this.#aborter.signal;
  }

  /** From here on the client can cancel the call. @returns false when another one has its id */
  register(): boolean {
    const { invocationId } = this.message;
    if (invocationId === undefined) return true;
    this.context.cancellable ??= new Map();
    const other = this.context.cancellable.get(invocationId);
    if (other !== undefined) return other === this;
    this.context.cancellable.set(invocationId, this);
    return true;
  }

  cancel(): void {
    if (this.isCanceled) return;
    this.isCanceled = true;
    this.#aborter?.abort();
    this.onCancel?.();
  }

  /** @throws {ProtocolError} for an id that is in use */
  openUploads(capacity: number): readonly Upload[] {
    const { streamIds } = this.message;
    if (streamIds === undefined) return [];
    this.context.uploads ??= new Map();
    this.#uploads = [];
    for (const id of streamIds) {
      if (this.context.uploads.has(id)) throw new ProtocolError(`Stream ID '${id}' is already in use.`);
      const upload = new Upload(this.context.connection, capacity);
      this.context.uploads.set(id, upload);
      this.#uploads.push(upload);
    }
    return this.#uploads;
  }

  /** Forgets everything that the client could still name. */
  end(): void {
    this.#forget(this.context.cancellable);
    if (this.#uploads !== undefined) this.#closeUploads(this.#uploads);
    this.#releaseSlot(this);
  }

  /** Nothing is sent when nobody waits for it. */
  complete(completion: { readonly result?: unknown; readonly error?: string }): void {
    const { invocationId } = this.message;
    if (invocationId !== undefined) this.send({ type: MessageType.Completion, invocationId, ...completion });
  }

  send(message: HubMessage): void {
    this.context.send(message);
  }

  #forget(calls: HubClient["cancellable"]): void {
    const { invocationId } = this.message;
    if (calls === undefined || invocationId === undefined || calls.get(invocationId) !== this) return;
    calls.delete(invocationId);
    if (calls.size === 0) this.context.cancellable = undefined;
  }

  #closeUploads(own: readonly Upload[]): void {
    const { uploads } = this.context;
    for (const upload of own) void upload.return();
    if (uploads === undefined) return;
    for (const [index, upload] of own.entries()) {
      const id = this.message.streamIds![index]!;
      if (uploads.get(id) === upload) uploads.delete(id);
    }
    if (uploads.size === 0) this.context.uploads = undefined;
  }
}
