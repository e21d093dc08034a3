import { type CompletionMessage, type InvocationMessage, MessageType, type StreamInvocationMessage } from "@signalbox/protocol";
import {
  type ClientMessage,
  type CloseReason,
  CloseReasons,
  type ConnectionHandler,
  type SignalRConnection,
} from "@signalbox/transport";
import { errorText, HubException } from "../hub/errors.ts";
import { withFilters } from "../hub/filter.ts";
import { bindHub, type HubInstance } from "../hub/hub.ts";
import { isThenable } from "../hub/thenable.ts";
import { Call, Occasion } from "./call.ts";
import { dispose } from "./dispose.ts";
import type { HubClient } from "./hub-client.ts";
import type { HubRuntime } from "./hub-runtime.ts";
import { MethodCalls } from "./method-calls.ts";

const closedWithError = "Connection closed with an error.";

/** `onConnected` failed (reference hub-and-service-protocol §3.5): trying again would fail again. */
const connectFailed: CloseReason = {
  name: "connectFailed",
  error: closedWithError,
  allowReconnect: false,
  sendsClose: true,
  code: 1000,
  metric: "ConnectFailed",
};

/** The client said Close: its transport is about to end. */
const closedByClient: CloseReason = { ...CloseReasons.clientLeft, name: "closedByClient" };

/**
 * The life of a hub's connections, wherever they come from (reference hub-and-service-protocol §3.2, §3.4):
 *
 *     opened ─▶ onConnected ─▶ messages ─▶ calls, uploads, answers ─▶ closed ─▶ onDisconnected
 *                 reading waits                                        after onConnected
 */
export class HubDispatcher implements ConnectionHandler {
  readonly #hub: HubRuntime;
  readonly #calls: MethodCalls;

  constructor(hub: HubRuntime) {
    this.#hub = hub;
    this.#calls = new MethodCalls(hub);
  }

  opening(): "answer" {
    return "answer";
  }

  opened(connection: SignalRConnection): void {
    const client = clientOf(connection);
    client.attach(connection);
    this.#hub.lifetime.add(client);
    this.#hub.observation?.started(client);
    let connecting: void | Promise<void>;
    try {
      connecting = this.#connected(client);
    } catch (error) {
      this.#refuse(client, error);
      return;
    }
    if (!isThenable(connecting)) {
      client.connected = true;
      return;
    }
    client.connecting = {};
    connection.pause();
    connecting.then(
      () => {
        client.connected = true;
        this.#settle(client);
      },
      (error) => {
        this.#refuse(client, error);
        this.#settle(client);
      },
    );
  }

  message(connection: SignalRConnection, { message, record }: ClientMessage): void {
    const client = clientOf(connection);
    if (client.isAborted) return;
    switch (message.type) {
      case MessageType.Invocation:
      case MessageType.StreamInvocation:
        this.#calls.receive(this.#callOf(client, message));
        break;
      case MessageType.StreamItem:
        client.uploads?.get(message.invocationId)?.push(message.item);
        break;
      case MessageType.Completion:
        this.#complete(client, message, record);
        break;
      case MessageType.CancelInvocation:
        client.cancellable?.get(message.invocationId)?.cancel();
        break;
      case MessageType.Close:
        client.closeError = message.error;
        connection.close(closedByClient);
        break;
    }
  }

  left(connection: SignalRConnection): void {
    clientOf(connection).ended();
  }

  closed(connection: SignalRConnection, reason: CloseReason, error: string | undefined): void {
    const client = clientOf(connection);
    this.#hub.lifetime.remove(client);
    client.ended();
    this.#hub.observation?.ended(client, reason);
    const failure = errorOf(client, reason, error);
    if (client.connecting === undefined) this.#disconnected(client, failure);
    else client.connecting.closed = () => this.#disconnected(client, failure);
  }

  #callOf(client: HubClient, message: InvocationMessage | StreamInvocationMessage): Call {
    return new Call(client, this.#hub.context, message, this.#calls.releaseSlot);
  }

  #complete(client: HubClient, message: CompletionMessage, record: Uint8Array): void {
    const upload = client.uploads?.get(message.invocationId);
    if (upload === undefined) {
      this.#hub.lifetime.complete(client, message, record);
      return;
    }
    client.uploads?.delete(message.invocationId);
    upload.complete(message.error);
  }

  #connected(client: HubClient): void | Promise<void> {
    const { filters } = this.#hub;
    const hub = this.#hub.create();
    bindHub(hub, new Occasion(client, this.#hub.context, false));
    return this.#thenDispose(hub, () =>
      withFilters<void>(
        filters,
        (filter, next) => (filter.onConnected === undefined ? next() : filter.onConnected(client, next)),
        () => hub.onConnected(),
      ),
    );
  }

  #refuse(client: HubClient, error: unknown): void {
    const { detailedErrors, onError } = this.#hub;
    onError(error, "running onConnected", client);
    client.connection.close(connectFailed, errorText(closedWithError, error, detailedErrors));
  }

  /** `onConnected` is over: reading begins, or what has come meanwhile happens. */
  #settle(client: HubClient): void {
    const closed = client.connecting?.closed;
    client.connecting = undefined;
    if (closed === undefined) client.connection.resume();
    else closed();
  }

  #disconnected(client: HubClient, error: Error | undefined): void {
    const { filters, type } = this.#hub;
    if (!client.connected || (!type.hasOnDisconnected && filters.length === 0)) return;
    const run = async () => {
      const hub = this.#hub.create();
      bindHub(hub, new Occasion(client, this.#hub.context));
      await this.#thenDispose(hub, () =>
        withFilters<void>(
          filters,
          (filter, next) => (filter.onDisconnected === undefined ? next() : filter.onDisconnected(client, error, next)),
          () => hub.onDisconnected(error),
        ),
      );
    };
    run().catch((failure) => this.#hub.onError(failure, "running onDisconnected", client));
  }

  #thenDispose(hub: HubInstance, run: () => void | Promise<void>): void | Promise<void> {
    if (!this.#hub.type.disposes) return run();
    return (async () => run())().finally(() => dispose(hub));
  }
}

function clientOf(connection: SignalRConnection): HubClient {
  return connection.context as HubClient;
}

/** What `onDisconnected` gets: nothing when all was in order. */
function errorOf(client: HubClient, reason: CloseReason, error: string | undefined): Error | undefined {
  if (client.closeError !== undefined) return new HubException(client.closeError);
  if (error !== undefined) return new Error(error);
  return reason === CloseReasons.transportLost ? new Error("The connection was lost without a close handshake.") : undefined;
}
