import type { AnyClient } from "@signalbox/protocol";
import type { Audience, HubLifetime } from "../hosting/lifetime.ts";
import type { ClientProxy, GroupManager, HubCallerClients, HubClients, HubContext, SingleClientProxy } from "./hub-clients.ts";

const done = Promise.resolve();

/** A caller's place in the concurrency limit, given back while it waits for a client. */
export interface CallSlot {
  /** @throws {Error} when this call may not wait for clients */
  beforeInvoke(): void;
}

/** The receivers behind a proxy. */
class Receivers {
  readonly lifetime: HubLifetime;
  readonly audience: Audience;
  readonly slot: CallSlot | undefined;

  constructor(lifetime: HubLifetime, audience: Audience, slot: CallSlot | undefined) {
    this.lifetime = lifetime;
    this.audience = audience;
    this.slot = slot;
  }

  send(target: string, args: readonly unknown[]): Promise<void> {
    return settled(() => this.lifetime.send(this.audience, target, args));
  }

  async invoke(target: string, args: readonly unknown[]): Promise<unknown> {
    if (this.audience.to !== "connection") throw new TypeError("Only a single connection can be asked for a result.");
    this.slot?.beforeInvoke();
    const last = args.at(-1);
    if (!(last instanceof AbortSignal)) return this.lifetime.invoke(this.audience.id, target, args);
    return this.lifetime.invoke(this.audience.id, target, args.slice(0, -1), last);
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

function proxy(lifetime: HubLifetime, audience: Audience, slot?: CallSlot): SingleClientProxy {
  return new Proxy(new Receivers(lifetime, audience, slot), handler) as unknown as SingleClientProxy;
}

/** Whom the application can send to. */
class AllClients implements HubClients {
  readonly all: ClientProxy;
  protected readonly lifetime: HubLifetime;

  constructor(lifetime: HubLifetime, all: ClientProxy = proxy(lifetime, { to: "all" })) {
    this.lifetime = lifetime;
    this.all = all;
  }

  allExcept(connectionIds: readonly string[]): ClientProxy {
    return proxy(this.lifetime, { to: "all", except: connectionIds });
  }

  client(connectionId: string): SingleClientProxy {
    return proxy(this.lifetime, { to: "connection", id: connectionId });
  }

  clients(connectionIds: readonly string[]): ClientProxy {
    return proxy(this.lifetime, { to: "connections", ids: connectionIds });
  }

  group(name: string): ClientProxy {
    return proxy(this.lifetime, { to: "group", name });
  }

  groups(names: readonly string[]): ClientProxy {
    return proxy(this.lifetime, { to: "groups", names });
  }

  groupExcept(name: string, connectionIds: readonly string[]): ClientProxy {
    return proxy(this.lifetime, { to: "group", name, except: connectionIds });
  }

  user(userId: string): ClientProxy {
    return proxy(this.lifetime, { to: "user", id: userId });
  }

  users(userIds: readonly string[]): ClientProxy {
    return proxy(this.lifetime, { to: "users", ids: userIds });
  }
}

class CallerClients extends AllClients implements HubCallerClients {
  readonly #callerId: string;
  readonly #slot: CallSlot;

  constructor(lifetime: HubLifetime, all: ClientProxy, callerId: string, slot: CallSlot) {
    super(lifetime, all);
    this.#callerId = callerId;
    this.#slot = slot;
  }

  get caller(): SingleClientProxy {
    return this.client(this.#callerId);
  }

  override client(connectionId: string): SingleClientProxy {
    return proxy(this.lifetime, { to: "connection", id: connectionId }, this.#slot);
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

  /** @param slot of the call */
  callerClients(callerId: string, slot: CallSlot): HubCallerClients<AnyClient> {
    return new CallerClients(this.#lifetime, this.clients.all, callerId, slot);
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
