import type { Peer, UpgradeRequest, UpgradeVerdict } from "@signalbox/transport";
import { LifetimeContext } from "../clients/proxies.ts";
import { HubDispatcher } from "../dispatch/dispatcher.ts";
import { HubClient } from "../dispatch/hub-client.ts";
import { defaultUserId, type HubUser } from "../hub/caller-context.ts";
import type { HubClass, HubInstance } from "../hub/hub.ts";
import { HubType } from "../hub/hub-type.ts";
import { isThenable } from "../hub/thenable.ts";
import type { ErrorListener, MapOptions } from "../options.ts";
import { ClientRequest } from "./client-request.ts";
import type { Hosting, Visitor } from "./hosting.ts";
import { Observation } from "./observation.ts";
import { connectionTokenOf, refuseRefresh } from "./refresh.ts";

/** What a path below that of the hub is for; clients connect at the hub's own. */
export type HubDoor = "connect" | "negotiate" | "refresh";

/** What a mapped hub needs to know of where its clients are. */
export type MakeHosting = (dispatcher: () => HubDispatcher) => Hosting;

/** One hub at one path. */
export class MappedHub {
  readonly hub: HubClass;
  readonly context: LifetimeContext;
  readonly hosting: Hosting;
  readonly #options: MapOptions<HubInstance>;

  constructor(hub: HubClass, options: MapOptions<HubInstance>, onError: ErrorListener, makeHosting: MakeHosting) {
    this.hub = hub;
    this.#options = options;
    const type = new HubType(hub);
    this.hosting = makeHosting(() => dispatcher);
    this.context = new LifetimeContext(this.hosting.lifetime);
    const dispatcher = new HubDispatcher({
      type,
      filters: [...(options.filters ?? []), ...hub.filters],
      lifetime: this.hosting.lifetime,
      context: this.context,
      observation: options.observer && new Observation(options.observer, (error) => onError(error, "telling the observer")),
      detailedErrors: options.enableDetailedErrors === true,
      maximumParallelInvocations: options.maximumParallelInvocationsPerClient ?? 1,
      streamBufferCapacity: options.streamBufferCapacity ?? 10,
      create: options.create ?? (() => new (hub as unknown as new () => HubInstance)()),
      onError,
    });
  }

  fetch(request: Request, target: string, door: HubDoor, peer: Pick<Peer, "address">): Response | Promise<Response> {
    const asked = new ClientRequest(request.method, target, request.headers, peer);
    if (door === "refresh") return this.#refresh(request, asked);
    const answer = (visitor: Visitor | Response) => {
      if (visitor instanceof Response) return visitor;
      return door === "negotiate" ? this.hosting.negotiate(visitor, request) : this.hosting.handle(visitor, request);
    };
    const visitor = this.#admit(asked);
    return visitor instanceof Promise ? visitor.then(answer) : answer(visitor);
  }

  upgrade(request: UpgradeRequest): UpgradeVerdict | Promise<UpgradeVerdict> {
    const answer = (visitor: Visitor | Response) =>
      visitor instanceof Response ? { refuse: visitor } : this.hosting.upgrade(visitor, request);
    const visitor = this.#admit(new ClientRequest("GET", request.target, request.headers, request.peer));
    return visitor instanceof Promise ? visitor.then(answer) : answer(visitor);
  }

  async #refresh(request: Request, asked: ClientRequest): Promise<Response> {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    const { authenticate } = this.#options;
    if (authenticate === undefined) return refuseRefresh("refresh_disabled");
    const token = connectionTokenOf(asked);
    if (token === undefined) return refuseRefresh("missing_connection_token");
    const user = await authenticate(asked);
    if (user instanceof Response) return user;
    if (!user) return refuseRefresh("invalid_token");
    return this.hosting.refresh(this.#visitor(user, asked), token, request);
  }

  #admit(request: ClientRequest): Visitor | Response | Promise<Visitor | Response> {
    const { authenticate } = this.#options;
    if (authenticate === undefined) return this.#visitor(undefined, request);
    const user = authenticate(request);
    return isThenable(user)
      ? Promise.resolve(user).then((settled) => this.#letIn(settled, request))
      : this.#letIn(user, request);
  }

  #letIn(user: HubUser | Response | null | undefined | false, request: ClientRequest): Visitor | Response {
    if (user instanceof Response) return user;
    if (!user) return new Response("Unauthorized", { status: 401, headers: { "www-authenticate": "Bearer" } });
    return this.#visitor(user, request);
  }

  #visitor(user: HubUser | undefined, request: ClientRequest): Visitor {
    if (user !== undefined) checkUser(user);
    const { userId = defaultUserId } = this.#options;
    return { client: new HubClient(user, userId(user, request), request), expiresAt: user?.expiresAt?.getTime() };
  }
}

/**
 * What is misunderstood here would let somebody in as another, or for ever.
 * @throws {TypeError}
 */
function checkUser(user: HubUser): void {
  if (typeof user !== "object") throw new TypeError(`authenticate answered ${user}: a user, a Response or nothing is due.`);
  const { id, expiresAt } = user;
  if (id !== undefined && typeof id !== "string")
    throw new TypeError(`authenticate answered with an id that is no text: ${id}`);
  if (expiresAt !== undefined && !(expiresAt instanceof Date && !Number.isNaN(expiresAt.getTime())))
    throw new TypeError(`authenticate answered with an expiresAt that is no date: ${expiresAt}`);
}
