import { ConfigError } from "../../config/config-error.ts";
import { isJsonObject, type JsonObject, parseJsonObject, valueIn } from "../../config/json-file.ts";
import type { Route } from "../routing/route-table.ts";
import { RouteTemplate, RouteTemplateError } from "../routing/route-template.ts";

/** One entry of `proxies.json` (reference functions-host §2.9). Texts hold `%X%` and `{x}` still. */
export interface ProxyDefinition extends Route {
  readonly name: string;
  /** Undefined: the answer is made of `response` alone. */
  readonly backendUri: string | undefined;
  readonly debug: boolean;
  readonly request: {
    readonly method: string | undefined;
    readonly query: Overrides;
    readonly headers: Overrides;
  };
  readonly response: {
    readonly statusCode: string | undefined;
    readonly statusReason: string | undefined;
    /** Text, or any other JSON value. */
    readonly body: unknown;
    readonly headers: Overrides;
  };
}

/** Name → new value; an empty one takes the item away. */
type Overrides = readonly (readonly [name: string, value: string])[];

/**
 * Reads `proxies.json`. A proxy that cannot be used is left out and named; the others go on.
 * @throws {ConfigError} when the text is no JSON object
 */
export function parseProxies(text: string | undefined): {
  readonly proxies: readonly ProxyDefinition[];
  readonly problems: readonly string[];
} {
  const proxies: ProxyDefinition[] = [];
  const problems: string[] = [];
  const section =
    text === undefined || text.trim() === "" ? {} : (valueIn(parseJsonObject(text, "proxies.json"), "proxies") ?? {});
  if (!isJsonObject(section)) throw new ConfigError(["proxies in proxies.json must be an object."]);
  for (const [name, value] of Object.entries(section)) {
    try {
      const proxy = readProxy(name, value);
      if (proxy !== undefined) proxies.push(proxy);
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof RouteTemplateError)) throw error;
      problems.push(`The proxy "${name}" in proxies.json cannot be used: ${error.message}`);
    }
  }
  return { proxies, problems };
}

/** @returns undefined for a disabled one */
function readProxy(name: string, value: unknown): ProxyDefinition | undefined {
  if (!isJsonObject(value)) throw new ConfigError(["it must be an object."]);
  if (valueIn(value, "disabled") === true) return undefined;
  const condition = valueIn(value, "matchCondition");
  const route = isJsonObject(condition) ? valueIn(condition, "route") : undefined;
  if (!isJsonObject(condition) || typeof route !== "string") throw new ConfigError(["matchCondition.route is missing."]);
  const backendUri = valueIn(value, "backendUri");
  if (backendUri !== undefined && typeof backendUri !== "string") throw new ConfigError(["backendUri must be a string."]);
  const request = overrides(value, "requestOverrides");
  const response = overrides(value, "responseOverrides");
  return {
    name,
    template: new RouteTemplate(route),
    methods: readMethods(valueIn(condition, "methods")),
    backendUri: backendUri === "" ? undefined : backendUri,
    debug: valueIn(value, "debug") === true,
    request: {
      method: single(request, "backend.request.method"),
      query: under(request, "backend.request.querystring."),
      headers: under(request, "backend.request.headers."),
    },
    response: {
      statusCode: single(response, "response.statusCode"),
      statusReason: single(response, "response.statusReason"),
      body: valueIn(response, "response.body"),
      headers: under(response, "response.headers."),
    },
  };
}

function readMethods(methods: unknown): ReadonlySet<string> | undefined {
  if (methods === undefined || methods === null) return undefined;
  if (!Array.isArray(methods) || !methods.every((method) => typeof method === "string"))
    throw new ConfigError(["matchCondition.methods must be a list of verbs."]);
  return methods.length === 0 ? undefined : new Set(methods.map((method) => method.toUpperCase()));
}

function overrides(value: JsonObject, key: string): JsonObject {
  const section = valueIn(value, key) ?? {};
  if (!isJsonObject(section)) throw new ConfigError([`${key} must be an object.`]);
  return section;
}

function single(section: JsonObject, key: string): string | undefined {
  const value = valueIn(section, key);
  return value === undefined || value === null ? undefined : String(value);
}

function under(section: JsonObject, prefix: string): Overrides {
  return Object.entries(section)
    .filter(([key]) => key.toLowerCase().startsWith(prefix.toLowerCase()))
    .map(([key, value]) => [key.slice(prefix.length), String(value ?? "")]);
}
