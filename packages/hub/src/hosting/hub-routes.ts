import {
  allowOrigin,
  isPreflight,
  type Peer,
  preflightAnswer,
  type UpgradeRequest,
  type UpgradeVerdict,
} from "@signalbox/transport";
import type { HubDoor, MappedHub } from "./mapped-hub.ts";

const negotiate = "/negotiate";
const refresh = "/refresh";

interface Found {
  readonly hub: MappedHub;
  readonly door: HubDoor;
}

/** Which requests are for which hub. Paths are compared without case, as ASP.NET Core does. */
export class HubRoutes {
  readonly #hubs = new Map<string, MappedHub>();
  readonly #corsOrigins: readonly string[] | undefined;
  #isClosed = false;

  /** @param corsOrigins in any letter case; undefined: nothing is said of origins */
  constructor(corsOrigins: readonly string[] | undefined) {
    this.#corsOrigins = corsOrigins?.map((origin) => origin.toLowerCase());
  }

  /** @throws {TypeError} for a path that is taken or none */
  add(path: string, hub: MappedHub): void {
    if (typeof path !== "string" || !path.startsWith("/") || /[?#]/.test(path))
      throw new TypeError(`A hub's path begins with / and has no query, unlike '${path}'.`);
    const key = normalized(path);
    if (this.#hubs.has(key) || key.endsWith(negotiate)) throw new TypeError(`There is a hub at '${path}' already.`);
    this.#hubs.set(key, hub);
  }

  /** No new clients; those there are still take what is left for them. */
  close(): void {
    this.#isClosed = true;
  }

  all(): Iterable<MappedHub> {
    return this.#hubs.values();
  }

  /** @param target path and query */
  has(target: string): boolean {
    return this.#find(target) !== undefined;
  }

  /** Undefined when the path is no hub's. */
  fetch(request: Request, target: string, peer: Pick<Peer, "address">): Response | Promise<Response> | undefined {
    const found = this.#find(target);
    if (found === undefined) return undefined;
    const origins = this.#corsOrigins;
    const origin = request.headers.get("origin");
    if (origins === undefined || origin === null) return this.#fetch(found, request, target, peer);
    if (isPreflight(request)) return allowOrigin(preflightAnswer(request), origin, origins);
    const answer = this.#fetch(found, request, target, peer);
    return answer instanceof Promise
      ? answer.then((settled) => allowOrigin(settled, origin, origins))
      : allowOrigin(answer, origin, origins);
  }

  /** Undefined when the path is no hub's. */
  upgrade(request: UpgradeRequest): UpgradeVerdict | Promise<UpgradeVerdict> | undefined {
    const found = this.#find(request.target);
    if (found === undefined) return undefined;
    if (!this.#mayConnect(request)) return { refuse: new Response("This origin is not allowed.", { status: 403 }) };
    if (this.#isClosed) return { refuse: closed() };
    if (found.door !== "connect") return { refuse: new Response(null, { status: 405, headers: { allow: "POST" } }) };
    return found.hub.upgrade(request);
  }

  /** Browsers do not ask before they open a WebSocket across origins, and send cookies with it. */
  #mayConnect({ headers }: UpgradeRequest): boolean {
    const origin = headers.get("origin");
    const origins = this.#corsOrigins;
    if (origins === undefined || origin === null || origins.includes("*") || origins.includes(origin.toLowerCase()))
      return true;
    return URL.parse(origin)?.host === headers.get("host")?.toLowerCase();
  }

  #fetch({ hub, door }: Found, request: Request, target: string, peer: Pick<Peer, "address">): Response | Promise<Response> {
    return this.#isClosed && door === "negotiate" ? closed() : hub.fetch(request, target, door, peer);
  }

  #find(target: string): Found | undefined {
    const question = target.indexOf("?");
    const path = question < 0 ? target : target.slice(0, question);
    const exact = this.#hubs.get(path) ?? this.#hubs.get(normalized(path));
    if (exact !== undefined) return { hub: exact, door: "connect" };
    const key = normalized(path);
    return this.#findDoor(key, negotiate, "negotiate") ?? this.#findDoor(key, refresh, "refresh");
  }

  #findDoor(key: string, end: string, door: HubDoor): Found | undefined {
    if (!key.endsWith(end)) return undefined;
    const hub = this.#hubs.get(key.slice(0, -end.length) || "/");
    return hub && { hub, door };
  }
}

function closed(): Response {
  return new Response("The hub server has closed.", { status: 503 });
}

function normalized(path: string): string {
  const lower = path.toLowerCase();
  return lower.length > 1 && lower.endsWith("/") ? lower.slice(0, -1) : lower;
}
