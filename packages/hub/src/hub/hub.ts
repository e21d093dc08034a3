import type { AnyClient } from "@signalbox/protocol";
import type { GroupManager, HubCallerClients } from "../clients/hub-clients.ts";
import type { HubCallerContext } from "./caller-context.ts";
import type { HubFilter } from "./filter.ts";
import type { MethodOptions } from "./method-options.ts";

/** What a hub instance gets of the call it was made for. */
export interface HubCall {
  readonly context: HubCallerContext;
  readonly clients: HubCallerClients<AnyClient>;
  readonly groups: GroupManager;
  readonly signal: AbortSignal;
}

/** Gives a hub its call. */
export let bindHub: (hub: HubInstance, call: HubCall) => void;

/** A hub, whatever its clients are. */
export type HubInstance = Pick<Hub, "onConnected" | "onDisconnected">;

declare const clientType: unique symbol;

/**
 * A hub: clients call its methods by their names, in any letter case, and it calls theirs through `clients`. An instance is made for each
 * call and lives no longer, so what is to be remembered belongs elsewhere (`context.items`, the application).
 *
 * Callable are the methods of the class and of those between it and `Hub`, but not accessors, nor names that begin with `_` or `#`, nor the
 * members of `Hub`. TypeScript's `private` and `protected` do not exist at run time and hide nothing.
 *
 * @typeParam TClient the methods that clients have; the compiler checks every send
 */
export abstract class Hub<TClient extends object = AnyClient> {
  /** What applies to single methods, `false` for those that clients cannot call; write `satisfies HubMethodOptions<Chat>`. */
  static readonly methods: Readonly<Record<string, MethodOptions | false | undefined>> = {};
  /** Around every call, the first one outermost. */
  static readonly filters: readonly HubFilter[] = [];

  /** For the compiler alone. */
  declare readonly [clientType]?: TClient;
  #call: HubCall | undefined = undefined;

  static {
    bindHub = (hub, call) => {
      (hub as Hub).#call = call;
    };
  }

  /** The connection that calls. */
  get context(): HubCallerContext {
    return this.#current.context;
  }

  /** Whom to send to. */
  get clients(): HubCallerClients<TClient> {
    return this.#current.clients as unknown as HubCallerClients<TClient>;
  }

  get groups(): GroupManager {
    return this.#current.groups;
  }

  /** Aborted when the client cancels this call, or leaves. */
  get signal(): AbortSignal {
    return this.#current.signal;
  }

  /** A client has connected; until this has ended none of its calls begins. A throw ends the connection. */
  onConnected(): void | Promise<void> {}

  /** A client whose `onConnected` did not fail has left. @param error undefined after a graceful end */
  onDisconnected(_error?: Error): void | Promise<void> {}

  get #current(): HubCall {
    if (this.#call === undefined) throw new Error("A hub has a context only during a call; use server.hub(…) outside of one.");
    return this.#call;
  }
}

/** The class of a hub, whatever its constructor takes. */
export type HubClass<THub extends HubInstance = HubInstance> = (abstract new (
  ...args: never
) => THub) & {
  readonly name: string;
  readonly prototype: THub;
  readonly methods: Readonly<Record<string, MethodOptions | false | undefined>>;
  readonly filters: readonly HubFilter[];
};

/** The client methods that a hub knows. */
export type ClientOf<THub> = THub extends { readonly [clientType]?: infer TClient extends object } ? TClient : AnyClient;
