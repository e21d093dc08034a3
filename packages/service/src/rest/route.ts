import { setImmediate as nextTurn } from "node:timers/promises";
import type { Answer, Audience, Command, Exceptions, SendCommand } from "../hub/command.ts";
import { type DatedVersion, datedVersion, isSince, type Version } from "./api-version.ts";
import type { BodyForm } from "./media-type.ts";
import type { MessageReader } from "./message.ts";
import type { Parameter } from "./parameter.ts";
import type { Query } from "./query.ts";
import type { Reply } from "./reply.ts";
import type { RestRequest } from "./request.ts";
import { RestError, type RestErrorName } from "./rest-error.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

/**
 * Families of paths: `/api/v1-preview/…`, `/api/v1/…`, and `/api/…?api-version=…` for SignalR; for raw WebSockets those of May and of October
 * 2020, whose `api-version` makes no difference (reference serverless-upstream §5.6).
 */
export type Family = "v1-preview" | "v1" | "dated" | "raw-v1" | "raw";

export const basePaths: Readonly<Record<Family, string>> = {
  "v1-preview": "/api/v1-preview",
  v1: "/api/v1",
  dated: "/api",
  "raw-v1": "/ws/api/v1",
  raw: "/ws/api",
};

const hubStart = "/hubs/{hub}";

/** All spellings of a route in a family. Those of raw WebSockets may leave the hub out and mean the default hub then. */
export function pathsOf({ paths }: Pick<Route, "paths">, family: Family): readonly string[] {
  const full = paths.map((path) => basePaths[family] + path);
  if (family !== "raw" && family !== "raw-v1") return full;
  const short = paths
    .filter((path) => path.startsWith(hubStart))
    .map((path) => basePaths[family] + path.slice(hubStart.length));
  return [...full, ...short];
}

/** What a route needs from the hubs. */
export interface RestHubs {
  /** @param hub lower-case */
  execute<C extends Command>(hub: string, command: C): Promise<Answer<C>>;
  /** A send is carried out at once. @param hub lower-case */
  send(hub: string, command: SendCommand): void;
  names(): readonly string[];
}

export interface RestOptions {
  /** Greatest request body, bytes; beyond it 413. */
  readonly maxBodyBytes: number;
  /** Milliseconds that `:invoke` waits for the client. */
  readonly invokeTimeout: number;
  /** Public base URL without trailing slash, when it is not the one by which requests come. */
  readonly endpoint?: string | undefined;
  /** Web origins in lower case that may read answers, or `*` for any; absent: none. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** True while the service is stopping: health answers 503. */
  readonly draining: boolean;
}

/** One request on its way through a route: authenticated, its version settled. */
export interface Call {
  readonly version: Version;
  /** The status of success in this version. */
  readonly success: number;
  readonly request: RestRequest;
  readonly query: Query;
  readonly options: RestOptions;
  readonly hubs: RestHubs;
  /** The id of the connection that a client knows by this token. @param hub lower-case */
  readonly connectionOf: (hub: string, token: string) => string | undefined;
  /** Access keys, primary first. */
  readonly keys: () => readonly string[];
  /** The OpenAPI document, as JSON text. */
  readonly openApi: () => string;
}

/** In which versions a route is served, and how. */
export interface Served {
  readonly status: number;
  /** Who else serves the route in these versions: the cloud, only the official emulator, or nobody. */
  readonly by: "cloud" | "emulator" | "signalbox";
  /** The first dated version that has it. */
  readonly since?: DatedVersion;
  /** The spelling shown in documents; the first unless named here. */
  readonly path?: string;
}

/** Something the cloud does otherwise, or is not known to do. */
export interface Difference {
  /** Absent: in every version. */
  readonly family?: Family;
  readonly what: string;
  readonly why: string;
}

export interface RequestBody {
  readonly forms: readonly BodyForm[];
  /** Name of a schema of the OpenAPI document; undefined for any JSON value. */
  readonly schema?: string;
  readonly example: unknown;
}

/**
 * One operation, in all its spellings and versions. The table of these is the single source of the dispatcher, the `Allow` headers,
 * the OpenAPI document and docs/compatibility.md.
 */
interface RouteInformation {
  /** Unique; `operationId` of the OpenAPI document. */
  readonly operation: string;
  readonly summary: string;
  readonly methods: readonly Method[];
  /** Path templates below the base path of a family; all of them mean the same. Literals match in any letter case. */
  readonly paths: readonly string[];
  readonly served: Readonly<Partial<Record<Family, Served>>>;
  readonly body?: RequestBody;
  /** Schema of the success body, or undefined when it is empty. */
  readonly answer?: string;
  readonly errors: readonly RestErrorName[];
  readonly differences: readonly Difference[];
  /** Served without a token. */
  readonly open?: boolean;
}

/** Where a send goes: all that its path and query say. */
export interface Delivery {
  /** Lower-case, with the application. */
  readonly hub: string;
  readonly audience: Audience;
  readonly except: Exceptions | undefined;
}

export interface Route extends RouteInformation {
  readonly parameters: readonly Parameter<unknown>[];
  /** @throws {RestError} */
  answerTo(call: Call, path: Readonly<Record<string, string>>): Reply | Promise<Reply>;
  /** Sends only, which `HotSends` takes on the short way. */
  readonly send?: {
    readonly reader: MessageReader;
    /** @throws {RestError} */
    deliveryOf(path: Readonly<Record<string, string>>, query: Query): Delivery;
  };
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;
export type Values<P extends Parameters> = { readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never };

export interface RouteDefinition<P extends Parameters> extends RouteInformation {
  readonly parameters: P;
  /** Parameters have been read and are valid. */
  handle(call: Call, values: Values<P>): Reply | Promise<Reply>;
  /** Sends only. */
  readonly send?: { readonly reader: MessageReader; deliver(values: Values<P>): Delivery };
}

export function route<const P extends Parameters>(definition: RouteDefinition<P>): Route {
  const names = Object.keys(definition.parameters);
  const parameters = Object.values(definition.parameters);
  const { handle, send, ...information } = definition;
  function valuesOf(path: Readonly<Record<string, string>>, query: Query): Values<P> {
    const values: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at++) values[names[at]!] = parameters[at]!.read(path, query);
    return values as Values<P>;
  }
  return {
    ...information,
    parameters,
    answerTo: (call, path) => handle(call, valuesOf(path, call.query)),
    ...(send && { send: { reader: send.reader, deliveryOf: (path, query) => send.deliver(valuesOf(path, query)) } }),
  };
}

/** Where a request's hub is found. */
export interface HubAddress {
  readonly hub: string;
  readonly application?: string | undefined;
}

export function hubName({ hub, application }: HubAddress): string {
  return application === undefined ? hub : `${application}_${hub}`;
}

/** Carries out a command on the hub that a request names. */
export function execute<C extends Command>(call: Call, at: HubAddress, command: C): Promise<Answer<C>> {
  return call.hubs.execute(hubName(at), command);
}

/**
 * The version that answers a request.
 * @throws {RestError} when there is no such version or the route is younger
 */
export function settleVersion(route: Route, family: Family, query: Query): Version {
  if (family !== "dated") return family;
  const asked = query.first("api-version");
  const version = datedVersion(asked || undefined);
  if (version === undefined) throw new RestError("unknownVersion", `The API version '${asked}' is not known.`, "api-version");
  const since = route.served.dated!.since!;
  if (isSince(version, since)) return version;
  throw new RestError("notInVersion", `This route came with API version ${since}.`, "api-version");
}

/** How long one request may keep the event loop to itself, milliseconds. */
const longestTurn = 50;

/**
 * Carries out commands one after the other. A body of 1 MiB can name forty thousand of them, each for every connection: in between,
 * other requests get their turn and clients their bytes.
 */
export async function executeAll(call: Call, at: HubAddress, commands: readonly Command[]): Promise<void> {
  let since = performance.now();
  for (const command of commands) {
    await execute(call, at, command);
    if (performance.now() - since < longestTurn) continue;
    await nextTurn();
    since = performance.now();
  }
}
