import type { AnyClient } from "@signalbox/protocol";
import type { HubClient } from "../dispatch/hub-client.ts";
import type { Audience, HubLifetime } from "../hosting/lifetime.ts";
import type { ClientProxy, GroupManager, HubCallerClients, HubClients, HubContext, SingleClientProxy } from "./hub-clients.ts";

const done = Promise.resolve();

/** A call as its sends need it. */
export interface SendingCall {
  readonly context: HubClient;
  /** Gives back the call's place in the concurrency limit, so that the answer can come. @throws {Error} when it may not wait for clients */
  beforeInvoke(): void;
}

/** The receivers behind a proxy. */
class Receivers {
  readonly lifetime: HubLifetime;
  readonly audience: Audience;
  readonly call: SendingCall | undefined;

  constructor(lifetime: HubLifetime, audience: Audience, call: SendingCall | undefined) {
    this.lifetime = lifetime;
    this.audience = audience;
    this.call = call;
  }

  send(target: string, args: readonly unknown[]): Promise<void> {
    return settled(() => this.lifetime.send(this.audience, target, args, this.call?.context));
  }

  async invoke(target: string, args: readonly unknown[]): Promise<unknown> {
    if (this.audience.to !== "connection") throw new TypeError("Only a single connection can be asked for a result.");
    this.call?.beforeInvoke();
    const last = args.at(-1);
    if (!(last instanceof AbortSignal))
      return this.lifetime.invoke(this.audience.id, target, args, undefined, this.call?.context);
    return this.lifetime.invoke(this.audience.id, target, args.slice(0, -1), last, this.call?.context);
  }
}

/** Every name is a method of the clients, but for the two that are ours and `then`, lest somebody who awaits a proxy call it. */
const handler: ProxyHandler<Receivers> = {
  get(receivers, name) {
    if (typeof name === "symbol" || name === "then") return undefined;
    if (name === "send") return (target: string, ...args: unknown[]) => receivers.send(target, args);
    if (name === "invoke") return (target: string, ...args: unknown[]) => receivers.invoke(target, args);
    return (...args: unknown[]) => receivers.send(name, args);
  },
};

/** Whom the application, or a call, can send to. */
class AllClients implements HubClients {
  readonly #lifetime: HubLifetime;
  readonly #call: SendingCall | undefined;

  constructor(lifetime: HubLifetime, call?: SendingCall) {
    this.#lifetime = lifetime;
    this.#call = call;
  }

  get all(): ClientProxy {
    return this.#to({ to: "all" });
  }

  allExcept(connectionIds: readonly string[]): ClientProxy {
    return this.#to({ to: "all", except: connectionIds });
  }

  client(connectionId: string): SingleClientProxy {
    return this.#to({ to: "connection", id: connectionId });
  }

  clients(connectionIds: readonly string[]): ClientProxy {
    return this.#to({ to: "connections", ids: connectionIds });
  }

  group(name: string): ClientProxy {
    return this.#to({ to: "group", name });
  }

  groups(names: readonly string[]): ClientProxy {
    return this.#to({ to: "groups", names });
  }

  groupExcept(name: string, connectionIds: readonly string[]): ClientProxy {
    return this.#to({ to: "group", name, except: connectionIds });
  }

  user(userId: string): ClientProxy {
    return this.#to({ to: "user", id: userId });
  }

  users(userIds: readonly string[]): ClientProxy {
    return this.#to({ to: "users", ids: userIds });
  }

  #to(audience: Audience): SingleClientProxy {
    return new Proxy(new Receivers(this.#lifetime, audience, this.#call), handler) as unknown as SingleClientProxy;
  }
}

class CallerClients extends AllClients implements HubCallerClients {
  readonly #callerId: string;

  constructor(lifetime: HubLifetime, call: SendingCall) {
    super(lifetime, call);
    this.#callerId = call.context.connectionId;
  }

  get caller(): SingleClientProxy {
    return this.client(this.#callerId);
  }

  get others(): ClientProxy {
    return this.allExcept([this.#callerId]);
  }

  othersInGroup(name: string): ClientProxy {
    return this.groupExcept(name, [this.#callerId]);
  }
}

/** What hub and application use to reach clients, made once for each hub. */
export class LifetimeContext implements HubContext {
  readonly clients: HubClients;
  readonly groups: GroupManager;
  readonly #lifetime: HubLifetime;

  constructor(lifetime: HubLifetime) {
    this.#lifetime = lifetime;
    this.clients = new AllClients(lifetime);
    this.groups = {
      add: (connectionId, group) => settled(() => lifetime.join(connectionId, group)),
      remove: (connectionId, group) => settled(() => lifetime.leave(connectionId, group)),
    };
  }

  callerClients(call: SendingCall): HubCallerClients<AnyClient> {
    return new CallerClients(this.#lifetime, call);
  }
}

/** Who does not await a send does not want to hear of its failure, least of all by the end of the process. */
function settled(act: () => Promise<void> | undefined): Promise<void> {
  let settling: Promise<void> | undefined;
  try {
    settling = act();
  } catch (error) {
    settling = Promise.reject(error);
  }
  if (settling === undefined) return done;
  settling.catch(() => {});
  return settling;
}
