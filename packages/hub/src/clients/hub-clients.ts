import type { AnyClient, ArgumentsOf, IsUntyped, ResultOf, TargetOf } from "@signalbox/protocol";

/**
 * Receivers of messages: each method that clients have, and `send` for names that are not known or taken. Sends resolve when the message
 * is on its way; nobody acknowledges it.
 * @throws {ProtocolError} for arguments that the receivers' protocol cannot carry
 * @throws {DeliveryError} when the hub is not connected to the service
 */
export type ClientProxy<TClient extends object = AnyClient> = Sender<TClient> & {
  readonly [K in TargetOf<TClient> as K extends "send" | "invoke" | "then" ? never : K]: (
    ...args: ArgumentsOf<TClient, K>
  ) => Promise<void>;
};

export interface Sender<TClient extends object> {
  send<K extends TargetOf<TClient>>(target: K, ...args: ArgumentsOf<TClient, K>): Promise<void>;
}

/** One connection. Its sends wait while it reads more slowly than it is sent to, and it can be asked for an answer. */
export type SingleClientProxy<TClient extends object = AnyClient> = ClientProxy<TClient> & Invoker<TClient>;

export interface Invoker<TClient extends object> {
  /**
   * Calls a method of the client and waits for its result. An `AbortSignal` as last argument ends the wait and is not sent.
   * @throws {HubException} with the client's own text when its method failed or there is none
   * @throws {DeliveryError} whose `code` says why there is no answer; a signal of `AbortSignal.timeout` is its `timeout`
   * @throws {DOMException} an `AbortError` when another signal was aborted
   */
  invoke: IsUntyped<TClient> extends true
    ? <TResult = unknown>(target: string, ...args: unknown[]) => Promise<TResult>
    : <K extends TargetOf<TClient>>(
        target: K,
        ...args: [...ArgumentsOf<TClient, K>] | [...ArgumentsOf<TClient, K>, AbortSignal]
      ) => Promise<ResultOf<TClient, K>>;
}

/** Whom a hub can send to. Ids and names are compared to the letter. */
export interface HubClients<TClient extends object = AnyClient> {
  readonly all: ClientProxy<TClient>;
  allExcept(connectionIds: readonly string[]): ClientProxy<TClient>;
  client(connectionId: string): SingleClientProxy<TClient>;
  clients(connectionIds: readonly string[]): ClientProxy<TClient>;
  group(name: string): ClientProxy<TClient>;
  /** A connection in two of the groups receives the message twice. */
  groups(names: readonly string[]): ClientProxy<TClient>;
  groupExcept(name: string, connectionIds: readonly string[]): ClientProxy<TClient>;
  /** All connections of the user. */
  user(userId: string): ClientProxy<TClient>;
  users(userIds: readonly string[]): ClientProxy<TClient>;
}

/** The same inside a call, where somebody calls. */
export interface HubCallerClients<TClient extends object = AnyClient> extends HubClients<TClient> {
  readonly caller: SingleClientProxy<TClient>;
  /** All but the caller. */
  readonly others: ClientProxy<TClient>;
  /** The group without the caller. */
  othersInGroup(name: string): ClientProxy<TClient>;
}

/**
 * Memberships of connections, which end with the connection. Joining twice, leaving what one is not in, an unknown connection: all fine.
 * @throws {DeliveryError} when the service is away or does not acknowledge
 */
export interface GroupManager {
  add(connectionId: string, group: string): Promise<void>;
  remove(connectionId: string, group: string): Promise<void>;
}

/** A hub as the rest of the application sees it: sends without a caller. */
export interface HubContext<TClient extends object = AnyClient> {
  readonly clients: HubClients<TClient>;
  readonly groups: GroupManager;
}
