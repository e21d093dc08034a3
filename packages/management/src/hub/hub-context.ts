import type { AnyClient, ArgumentsOf, IsUntyped, ResultOf, TargetOf } from "@signalbox/protocol";
import type { EndpointInfo } from "../endpoints/endpoint-router.ts";
import type { ClientAccess, NegotiateOptions } from "./negotiate.ts";

/** Connections that a message goes to. Nobody there is no error. */
export interface Clients<TClient extends object = AnyClient> {
  /**
   * Calls `target` on each of them, without an answer. Resolves when the service has accepted the message.
   * @throws {SignalRServiceError}
   */
  send<K extends TargetOf<TClient>>(target: K, ...args: ArgumentsOf<TClient, K>): Promise<void>;
}

/** A call to one client that waits for its answer. */
export type Invoke<TClient extends object> =
  IsUntyped<TClient> extends true
    ? <TResult = unknown>(target: string, ...args: unknown[]) => Promise<TResult>
    : <K extends TargetOf<TClient>>(target: K, ...args: ArgumentsOf<TClient, K>) => Promise<ResultOf<TClient, K>>;

export interface ClientConnection<TClient extends object = AnyClient> extends Clients<TClient> {
  /**
   * Calls `target` on the client and waits for what it returns (`api-version` 2024-12-01).
   * @throws {ConnectionNotFoundError}
   * @throws {ClientInvocationError} the client's method threw, or it did not answer
   */
  readonly invoke: Invoke<TClient>;
  /**
   * Sends the next item of the stream that the client opened (`api-version` 2024-12-01).
   * @param streamId the client's invocation id
   * @param options.completed true: it is also the last one
   * @throws {ConnectionNotFoundError}
   */
  sendStreamItem(streamId: string, item: unknown, options?: { readonly completed?: boolean }): Promise<void>;
  /**
   * Ends the stream; with `error` it failed.
   * @throws {ConnectionNotFoundError}
   */
  completeStream(streamId: string, error?: string): Promise<void>;
}

/** Whom a message can go to. Ids and names are compared to the letter. */
export interface HubClients<TClient extends object = AnyClient> {
  readonly all: Clients<TClient>;
  allExcept(connectionIds: readonly string[]): Clients<TClient>;
  /** All connections of the user. */
  user(userId: string): Clients<TClient>;
  /** One request for each. */
  users(userIds: readonly string[]): Clients<TClient>;
  group(name: string): Clients<TClient>;
  readonly groups: Groups<TClient>;
  groupExcept(name: string, connectionIds: readonly string[]): Clients<TClient>;
  connection(connectionId: string): ClientConnection<TClient>;
  /** One request for each. */
  connections(connectionIds: readonly string[]): Clients<TClient>;
}

/** Several groups to send to, and the memberships of connections, which end with the connection. */
export interface Groups<TClient extends object = AnyClient> {
  /** One request for each. */
  (names: readonly string[]): Clients<TClient>;
  /** @returns false when there is no such connection */
  add(connectionId: string, group: string): Promise<boolean>;
  /** Also when the connection is not in the group, or does not exist. */
  remove(connectionId: string, group: string): Promise<void>;
  removeFromAll(connectionId: string): Promise<void>;
}

/** Memberships of users: for their connections of now and later. */
export interface UserGroups {
  /**
   * @param options.ttl whole seconds; 0: only connections of this moment join; absent: as long as the service keeps it (a year)
   */
  add(userId: string, group: string, options?: { readonly ttl?: number }): Promise<void>;
  remove(userId: string, group: string): Promise<void>;
  removeFromAll(userId: string): Promise<void>;
  has(userId: string, group: string): Promise<boolean>;
}

export interface CloseOptions {
  /** Shown to the client as the error of its close. */
  readonly reason?: string;
  /** Connections that stay. */
  readonly except?: readonly string[];
}

/** Ends connections. Nobody there is no error. */
export interface Closing {
  connection(connectionId: string, options?: Pick<CloseOptions, "reason">): Promise<void>;
  user(userId: string, options?: CloseOptions): Promise<void>;
  group(name: string, options?: CloseOptions): Promise<void>;
  all(options?: CloseOptions): Promise<void>;
}

export interface GroupMember {
  readonly connectionId: string;
  /** Absent for an anonymous client. */
  readonly userId?: string;
}

export interface ListOptions {
  /** At most so many connections altogether. */
  readonly top?: number;
  /** 1 to 200 connections for one request. Default: 200. */
  readonly maxPageSize?: number;
}

/** Who is there. */
export interface Presence {
  connectionExists(connectionId: string): Promise<boolean>;
  /** True when the user has a connection. */
  userExists(userId: string): Promise<boolean>;
  /** True when a connection is in the group. */
  groupExists(name: string): Promise<boolean>;
  /** Asks for a page when the last one is used up (`api-version` 2024-12-01). */
  listConnectionsInGroup(name: string, options?: ListOptions): AsyncIterableIterator<GroupMember>;
}

/** What a client's token says of it. A type may be there several times. */
export interface ConnectionClaim {
  /** As .NET knows it: `nameid` and `sub` are `http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier`, for example. */
  readonly type: string;
  readonly value: string;
}

export interface RefreshOptions extends Pick<NegotiateOptions, "claims"> {
  /** The connection ends then, milliseconds since 1970. Absent: as before. */
  readonly expiresAt?: number;
  /** Of the new token, milliseconds; less when the connection ends before. Default: one hour. */
  readonly lifetimeMs?: number;
}

/** What a client that refreshes its token expects. */
export interface RefreshedAccess {
  readonly accessToken: string;
  /** Until the client should ask again. */
  readonly tokenLifetimeSeconds: number;
}

/**
 * Tokens of clients that are connected (`api-version` 2026-07-01). A client is known by its connection token, the `connectionToken` of its
 * negotiation with the service: only it and the service have it.
 */
export interface Authentication {
  /** @throws {ConnectionNotFoundError} */
  connectionClaims(connectionToken: string): Promise<readonly ConnectionClaim[]>;
  /**
   * Renews expiry and claims of the connection, which stays. With `claims` it has these and no others, but stays the same user's.
   * Whether the client may is for the caller to know.
   * @throws {ConnectionNotFoundError}
   * @throws {UserMismatchError} the claims name another user
   */
  refreshAuthentication(connectionToken: string, options?: RefreshOptions): Promise<RefreshedAccess>;
}

/** What applies to every call made through a context. */
export interface CallOptions {
  /** Ends calls under way; they reject with its reason. */
  readonly signal?: AbortSignal;
  /** For one attempt, milliseconds; instead of the client's. */
  readonly timeoutMs?: number;
  /** Only endpoints for which this is true take part. */
  readonly endpoints?: (endpoint: EndpointInfo) => boolean;
}

/** One hub of the service. Keeps no connection open and needs no closing. */
export interface HubContext<TClient extends object = AnyClient> extends HubClients<TClient>, Presence, Authentication {
  /** As given; the service does not tell letter case. */
  readonly name: string;
  readonly userGroups: UserGroups;
  readonly close: Closing;
  /**
   * URL and token with which a client connects: the answer to its negotiate request.
   * @throws {NoEndpointAvailableError}
   * @throws {AccessTokenTooLongError}
   */
  negotiate(options?: NegotiateOptions): Promise<ClientAccess>;
  /** The same for every endpoint, online or not, for callers that choose themselves. */
  negotiateEach(
    options?: NegotiateOptions,
  ): Promise<readonly { readonly endpoint: EndpointInfo; readonly access: ClientAccess }[]>;
  /** The same hub with other options for the calls made through it. */
  with(options: CallOptions): HubContext<TClient>;
}
