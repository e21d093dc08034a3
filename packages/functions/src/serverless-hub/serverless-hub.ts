import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { AnyClient, ClientAccess, HubContext, NegotiateOptions, ServiceClientOptions } from "@signalbox/management";
import { refuseClaimInjection } from "./claim-injection.ts";
import {
  type ClientManager,
  clientManagerOf,
  clientsOf,
  type GroupManager,
  groupManagerOf,
  type ServerlessClients,
  type UserGroupManager,
  userGroupManagerOf,
} from "./clients.ts";
import { defaultConnectionSetting, serviceOf } from "./connection-setting.ts";
import type { HubFilter } from "./filter.ts";
import type { MethodOptions } from "./method-options.ts";
import { claimsOf } from "./token-claims.ts";

/**
 * A hub without a server: its methods become functions of the app when `addServerlessHub` registers it. `onConnected` and `onDisconnected`
 * take the events of connections; every other method is what clients call by its name. Each takes a `SignalRInvocationContext` first, then
 * the client's arguments, and what it returns is the client's answer.
 *
 * An instance lives as long as one invocation. Methods named `#like` or `_like` this are no client's to call; TypeScript's `private` and
 * `protected` do not exist at run time and hide nothing.
 *
 * @typeParam TClient methods that clients have; the compiler checks every send
 */
export abstract class ServerlessHub<TClient extends object = AnyClient> {
  /** Default: the name of the class. Name it when a bundler renames classes. */
  static readonly hubName: string | undefined = undefined;
  /** Name of the app setting with the connection string. */
  static readonly connectionSetting: string = defaultConnectionSetting;
  /** Run before every method, in order. */
  static readonly filters: readonly HubFilter[] = [];
  /** What applies to single methods; write `satisfies HubMethods<Chat>` to have names and types checked. */
  static readonly methods: Readonly<Record<string, MethodOptions | false | undefined>> = {};
  /** Of the calls to the service: retries, a credential for Microsoft Entra identities … */
  static readonly serviceOptions: ServiceClientOptions = {};

  /** Everything that the service offers for this hub. */
  readonly hubContext: HubContext<TClient>;

  /**
   * @param hubContext instead of the one that the connection setting leads to: for tests
   * @throws {ConnectionSettingError}
   */
  constructor(hubContext?: HubContext<TClient>) {
    // The classes of others do not name their class side, so it is not known here as what it is.
    const hub = new.target as unknown as typeof ServerlessHub;
    this.hubContext = hubContext ?? serviceOf(hub.connectionSetting, hub.serviceOptions).hub<TClient>(hubNameOf(hub));
  }

  get clients(): ServerlessClients<TClient> {
    return clientsOf(this.hubContext);
  }

  get groups(): GroupManager {
    return groupManagerOf(this.hubContext);
  }

  get userGroups(): UserGroupManager {
    return userGroupManagerOf(this.hubContext);
  }

  get clientManager(): ClientManager {
    return clientManagerOf(this.hubContext);
  }

  /**
   * URL and token with which a client connects.
   * @throws {InvalidArgumentError} for a user id or claim that the hub would read as several claims
   * @throws {SignalRServiceError}
   */
  async negotiate(options: NegotiateOptions = {}): Promise<ClientAccess> {
    refuseClaimInjection(options);
    return this.hubContext.negotiate(options);
  }

  /**
   * Answers a client's request to `/negotiate`: override it to name the user and give claims (`return this.negotiate({ userId })`) or to
   * refuse (`return { status: 401 }`). By default everyone is let in, without a name.
   */
  onNegotiate(_request: HttpRequest, _context: InvocationContext): Promise<ClientAccess | HttpResponseInit> {
    return this.negotiate();
  }

  /**
   * The claims of a JSON web token, with or without `Bearer ` before it. **It is not validated**: only for tokens that somebody else has
   * validated.
   * @throws {TypeError}
   */
  protected getClaims(token: string): NonNullable<NegotiateOptions["claims"]> {
    return claimsOf(token);
  }
}

/** The class of a hub, whatever its constructor takes. */
export type HubClass<THub extends HubInstance = HubInstance> = (abstract new (
  ...args: never
) => THub) &
  Pick<typeof ServerlessHub, "hubName" | "connectionSetting" | "filters" | "methods" | "serviceOptions"> & {
    readonly name: string;
  };

/** What registration needs of a hub. */
export type HubInstance = Pick<ServerlessHub, "onNegotiate">;

export function hubNameOf(hub: Pick<HubClass, "hubName" | "name">): string {
  return hub.hubName ?? hub.name;
}
