import type { TransportName } from "@signalbox/transport";
import type { ClientRequest } from "./hosting/client-request.ts";
import type { HubCallerContext, HubUser } from "./hub/caller-context.ts";
import type { HubFilter } from "./hub/filter.ts";
import type { HubInstance } from "./hub/hub.ts";
import type { HubObserver } from "./hub/observer.ts";
import type { ServiceOptions } from "./service/service-options.ts";

/** What can be set for all hubs of a server, and anew for each. Times in milliseconds, sizes in bytes. The defaults are ASP.NET Core's. */
export interface HubOptions {
  /**
   * Who a client is. Asked at negotiate and at each later request of the client (behind the service at negotiate alone).
   * @returns the user; `{}` lets a client in without a name. A `Response` is the answer instead; nothing, or false, is a 401.
   * Absent: everybody is let in.
   */
  readonly authenticate?: ((request: ClientRequest) => Authenticated | Promise<Authenticated>) | undefined;
  /** The user id of a user; default: its `id`, else its claim `nameid` or `sub`. */
  readonly userId?: ((user: HubUser | undefined, request: ClientRequest) => string | undefined) | undefined;
  /** Around every call of every hub, outside of the filters that the hub itself names. */
  readonly filters?: readonly HubFilter[] | undefined;
  /** Hears of connections, for figures. */
  readonly observer?: HubObserver | undefined;
  /** False: clients learn of errors that are no `HubException` only that there was one. */
  readonly enableDetailedErrors?: boolean | undefined;
  /** 1: calls of one client run one after the other. Calls that stream are not counted. */
  readonly maximumParallelInvocationsPerClient?: number | undefined;
  /** 10: items of an upload that wait until its client is not listened to. */
  readonly streamBufferCapacity?: number | undefined;
  /** 32,768: the greatest message a client may send. */
  readonly maximumReceiveMessageSize?: number | undefined;
  /** 15,000: a ping goes out this often. */
  readonly keepAliveInterval?: number | undefined;
  /** 30,000 of silence end a connection. */
  readonly clientTimeoutInterval?: number | undefined;
  /** 15,000. */
  readonly handshakeTimeout?: number | undefined;
  /** 90,000: an empty poll is answered after this time. */
  readonly pollTimeout?: number | undefined;
  /** 15,000: a long-polling client that lets this much pass between two polls is gone. */
  readonly disconnectTimeout?: number | undefined;
  /** 10,000 without the client taking anything of what waits for it end its connection. */
  readonly transportSendTimeout?: number | undefined;
  /** 1 MiB: more than this waiting for one client that takes nothing ends its connection. */
  readonly maximumPendingBytes?: number | undefined;
  /** Default: all. */
  readonly transports?: readonly TransportName[] | undefined;
  /** False. Clients may come back to their connection after the loss of a WebSocket, and nothing is lost. */
  readonly allowStatefulReconnects?: boolean | undefined;
  /** 100,000: unacknowledged bytes kept for that. */
  readonly statefulReconnectBufferSize?: number | undefined;
  /** 30,000: how long a lost client is waited for. */
  readonly statefulReconnectWindow?: number | undefined;
}

export type Authenticated = HubUser | Response | null | undefined | false;

/** What is set for one hub. */
export interface MapOptions<THub extends HubInstance> extends HubOptions {
  /** Makes the instance for each call; default: its constructor without arguments. */
  readonly create?: (() => THub) | undefined;
  /** Under which the service knows the hub, in any letter case; default: the name of the class, which bundlers may change. */
  readonly name?: string | undefined;
}

/**
 * Hears of errors: what hub methods threw (no `HubException`) and defects of our own.
 * @param doing a few words on what failed
 * @param context of the client whose call it was
 */
export type ErrorListener = (error: unknown, doing: string, context?: HubCallerContext) => void;

export interface HubServerOptions extends HubOptions {
  /** Clients are connected to the service, not to this process. Absent: they are connected here. */
  readonly service?: string | ServiceOptions | undefined;
  /** Web origins that may use the hubs, or `*`: answers CORS requests, and refuses WebSockets from others. Absent: no CORS headers. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Default: they are written to standard error. */
  readonly onError?: ErrorListener | undefined;
}
