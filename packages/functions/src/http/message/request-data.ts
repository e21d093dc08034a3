import { parseJson } from "@signalbox/protocol";
import type { BindingData } from "../../contracts/binding.ts";
import type { NullableText, RpcHttp } from "../../contracts/typed-data.ts";
import { rpcIdentities } from "../identity/rpc-identities.ts";
import type { Inbound } from "../inbound.ts";
import type { RouteValues } from "../routing/route-template.ts";

/** The request as the app's library reads it (reference functions-host §1.4). */
export function toRpcRequest(inbound: Inbound, params: RouteValues, body: Uint8Array): RpcHttp {
  const nullableHeaders: Record<string, NullableText> = {};
  for (const [name, value] of inbound.headers) if (value !== "") nullableHeaders[name] = { value };
  return {
    method: inbound.method,
    url: inbound.url.href,
    nullableHeaders,
    nullableQuery: nullable(joinedQuery(inbound.url.searchParams)),
    nullableParams: nullable(params),
    identities: rpcIdentities(inbound.headers),
    ...(body.length === 0 ? {} : { body: { bytes: body } }),
  };
}

/**
 * What expressions of other bindings read, and what v3 shows as `context.bindingData` (reference functions-host §2.1). Later wins, in any
 * letter case: members of a JSON body, query values (the last of repeated ones, never `code`), route values, the dictionaries.
 */
export function toBindingData(inbound: Inbound, params: RouteValues, body: Uint8Array): BindingData {
  const data = new CaselessMembers();
  data.addAll(membersOf(body));
  const query: Record<string, string> = {};
  for (const [name, value] of inbound.url.searchParams) put(query, name, value);
  for (const [name, value] of Object.entries(query)) if (name.toLowerCase() !== "code") data.add(name, value);
  data.addAll(params);
  data.add("Query", query);
  data.add("Headers", headersAsSent(inbound));
  return data.members;
}

/** Members of which only one spelling stays: the newest. */
class CaselessMembers {
  readonly members: Record<string, unknown> = {};
  readonly #spelling = new Map<string, string>();

  addAll(members: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(members)) this.add(name, value);
  }

  add(name: string, value: unknown): void {
    const lower = name.toLowerCase();
    const spelled = this.#spelling.get(lower);
    if (spelled !== undefined && spelled !== name) delete this.members[spelled];
    this.#spelling.set(lower, name);
    put(this.members, name, value);
  }
}

/** Also for `__proto__`, which assignment would not make a member. */
function put<T>(members: Record<string, T>, name: string, value: T): void {
  if (name === "__proto__")
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
  else members[name] = value;
}

function membersOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  // Whatever the content type says: the cloud's host looks at the text, too. 0x7b is the opening brace, before it only white space.
  const first = body.find((byte) => byte > 0x20);
  if (first !== 0x7b && first !== 0xef) return {};
  try {
    const value: unknown = parseJson(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function headersAsSent({ headers, rawHeaders }: Inbound): Readonly<Record<string, string>> {
  const sentNames = namesAsSent(rawHeaders);
  const named: Record<string, string> = {};
  for (const [name, value] of headers) put(named, sentNames.get(name) ?? name, value);
  return named;
}

/** Lower-case name → name as sent. */
function namesAsSent(rawHeaders: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    const lower = name.toLowerCase();
    if (!names.has(lower)) names.set(lower, name);
  }
  return names;
}

function joinedQuery(query: URLSearchParams): Readonly<Record<string, string>> {
  const joined: Record<string, string> = {};
  for (const [name, value] of query) put(joined, name, Object.hasOwn(joined, name) ? `${joined[name]},${value}` : value);
  return joined;
}

function nullable(values: Readonly<Record<string, string>>): Readonly<Record<string, NullableText>> {
  const wrapped: Record<string, NullableText> = {};
  for (const [name, value] of Object.entries(values)) put(wrapped, name, { value });
  return wrapped;
}
