import type { AnyClient, ArgumentsOf, TargetOf } from "@signalbox/protocol";
import type { ClientOf } from "../hub/hub.ts";
import type { MethodName } from "../hub/hub-methods.ts";

/** What is needed of a connection: `HubConnection` of `@microsoft/signalr` has it. */
export interface UntypedConnection {
  invoke<T>(method: string, ...args: unknown[]): Promise<T>;
  send(method: string, ...args: unknown[]): Promise<void>;
  stream<T>(method: string, ...args: unknown[]): ItemStream<T>;
  on(method: string, handler: (...args: never[]) => unknown): void;
  off(method: string, handler: (...args: never[]) => void): void;
}

/** Items that are yet to come: what `stream` answers, and what a client passes for an upload (`Subject`). */
export interface ItemStream<T> {
  subscribe(subscriber: { next(item: T): void; error(error: unknown): void; complete(): void }): { dispose(): void };
}

/** A connection to a hub of this type: names and arguments are checked by the compiler. */
export interface TypedConnection<THub> {
  /** Calls a method and waits for its result. */
  invoke<K extends SingleMethod<THub>>(method: K, ...args: ClientArguments<THub, K>): Promise<Awaited<Result<THub, K>>>;
  /** Calls a method and does not wait. */
  send<K extends SingleMethod<THub>>(method: K, ...args: ClientArguments<THub, K>): Promise<void>;
  /** Calls a method that streams. */
  stream<K extends StreamingMethod<THub>>(method: K, ...args: ClientArguments<THub, K>): ItemStream<ItemOf<Result<THub, K>>>;
  /** Answers calls of the hub. */
  on<K extends TargetOf<ClientOf<THub>>>(method: K, handler: Handler<ClientOf<THub>, K>): void;
  off<K extends TargetOf<ClientOf<THub>>>(method: K, handler: Handler<ClientOf<THub>, K>): void;
}

type Handler<TClient extends object, K extends TargetOf<TClient>> = TClient[K] extends (...args: never[]) => infer TResult
  ? AnyClient extends TClient
    ? (...args: never[]) => unknown
    : TClient[K] | ((...args: ArgumentsOf<TClient, K>) => Awaited<TResult> | Promise<Awaited<TResult>>)
  : never;

type Result<THub, K extends keyof THub> = THub[K] extends (...args: never[]) => infer TResult ? TResult : never;

type StreamOf<T> = AsyncIterable<T> | ReadableStream<T> | Generator<T>;

type ItemOf<TResult> = Awaited<TResult> extends StreamOf<infer T> ? T : never;

/** Methods that stream. */
type StreamingMethod<THub> = {
  [K in MethodName<THub>]: [Awaited<Result<THub, K>>] extends [never]
    ? never
    : Awaited<Result<THub, K>> extends StreamOf<unknown>
      ? K
      : never;
}[MethodName<THub>];

/** Methods that answer once. */
type SingleMethod<THub> = Exclude<MethodName<THub>, StreamingMethod<THub>>;

/** What a client passes: an `ItemStream` wherever the method takes an upload. */
type ClientArguments<THub, K extends keyof THub> = THub[K] extends (...args: infer TArguments) => unknown
  ? { [P in keyof TArguments]: ClientArgument<TArguments[P]> }
  : never;

type ClientArgument<T> = T extends AsyncIterable<infer TItem> ? ItemStream<TItem> : T;

/**
 * The same connection under a narrower type; nothing happens at run time. Import the hub by `import type`, so that no client bundles its code.
 *
 *     const chat = typedConnection<Chat>(new HubConnectionBuilder().withUrl("/chat").build())
 */
export function typedConnection<THub>(connection: UntypedConnection): TypedConnection<THub> {
  return connection as unknown as TypedConnection<THub>;
}
