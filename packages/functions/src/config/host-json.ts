import type { RetryPolicy } from "../contracts/function-definition.ts";
import { ConfigError } from "./config-error.ts";
import { isJsonObject, type JsonObject, parseJsonObject, valueIn } from "./json-file.ts";
import { retrySchema } from "./retry-schema.ts";
import { parseTimeSpan } from "./time-span.ts";

/** What this host takes from `host.json` (reference functions-host §3.1). Everything else in the file is accepted and has no effect. */
export interface HostConfig {
  readonly http: {
    /** Without slashes at its ends; empty for none. */
    readonly routePrefix: string;
    /** Requests that may be under way or waiting; beyond it 429. -1: no limit. */
    readonly maxOutstandingRequests: number;
    /** Requests that run at once; others wait. -1: no limit. */
    readonly maxConcurrentRequests: number;
    /** Added to every answer of a function. */
    readonly customHeaders: Readonly<Record<string, string>>;
    /** The value of Strict-Transport-Security on secure connections; undefined: none. */
    readonly strictTransportSecurity: string | undefined;
  };
  /** Milliseconds; undefined: a function may run for ever. */
  readonly functionTimeout: number | undefined;
  /** Only these functions exist; undefined: all. */
  readonly functions: readonly string[] | undefined;
  /** Category (or `default`) → level in lower case: trace, debug, information, warning, error, critical, none. */
  readonly logLevels: Readonly<Record<string, string>>;
  /** Folders, relative to the app, whose changes restart it. */
  readonly watchDirectories: readonly string[];
  /** Names of files, relative to the app, whose changes restart it. */
  readonly watchFiles: readonly string[];
  /** For functions that state none and are no HTTP functions. */
  readonly retry: RetryPolicy | undefined;
  /** Sections of extensions other than http, as written, by lower-case name. */
  readonly extensions: Readonly<Record<string, unknown>>;
}

const defaultTimeout = 30 * 60_000;
const overridePrefix = "azurefunctionsjobhost__";
const defaultHstsMaxAge = 30 * 86_400;

/**
 * Reads `host.json`, with what the environment overrides by `AzureFunctionsJobHost__a__b`.
 * @param text undefined: the file does not exist, and defaults hold
 * @throws {ConfigError} when something in it cannot be used
 */
export function parseHostJson(
  text: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = {},
): HostConfig {
  const file = text === undefined ? { version: "2.0" } : parseJsonObject(text, "host.json");
  const root = withOverrides(file, environment);
  const problems: string[] = [];
  const version = valueIn(root, "version");
  if (version !== "2.0" && version !== 2)
    problems.push(
      version === undefined
        ? 'host.json is of runtime version 1, which is not supported: it must hold "version": "2.0".'
        : `host.json has version ${JSON.stringify(version)}; the only one there is is "2.0".`,
    );

  const extensions = objectAt(root, "extensions", "extensions");
  const http = objectAt(extensions, "http", "extensions.http");
  const config: HostConfig = {
    http: {
      routePrefix: routePrefix(http),
      maxOutstandingRequests: integerAt(http, "maxOutstandingRequests", "extensions.http.maxOutstandingRequests"),
      maxConcurrentRequests: integerAt(http, "maxConcurrentRequests", "extensions.http.maxConcurrentRequests"),
      customHeaders: customHeaders(http),
      strictTransportSecurity: strictTransportSecurity(http),
    },
    functionTimeout: functionTimeout(),
    functions: valueIn(root, "functions") === undefined ? undefined : textsAt("functions"),
    logLevels: logLevels(),
    watchDirectories: textsAt("watchDirectories"),
    watchFiles: textsAt("watchFiles"),
    retry: retryPolicy(),
    extensions: Object.fromEntries(
      Object.entries(extensions)
        .map(([name, value]) => [name.toLowerCase(), value] as const)
        .filter(([name]) => name !== "http"),
    ),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;

  function objectAt(parent: JsonObject, key: string, path: string): JsonObject {
    const value = valueIn(parent, key);
    if (value === undefined || value === null) return {};
    if (isJsonObject(value)) return value;
    problems.push(`${path} in host.json must be an object.`);
    return {};
  }

  function integerAt(parent: JsonObject, key: string, path: string): number {
    const value = valueIn(parent, key);
    if (value === undefined || value === null) return -1;
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && (number === -1 || number > 0)) return number;
    problems.push(`${path} in host.json is ${JSON.stringify(value)}; it must be a whole number above 0, or -1 for no limit.`);
    return -1;
  }

  function textsAt(key: string): readonly string[] {
    const value = valueIn(root, key);
    if (value === undefined || value === null) return [];
    // An override names one item a variable: functions__0, functions__1.
    const items = Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [value];
    if (items.every((item) => typeof item === "string")) return items;
    problems.push(`${key} in host.json must be a list of strings.`);
    return [];
  }

  function routePrefix(section: JsonObject): string {
    const value = valueIn(section, "routePrefix");
    if (value === undefined || value === null) return "api";
    if (typeof value === "string") return value.trim().replaceAll(/^\/+|\/+$/g, "");
    problems.push("extensions.http.routePrefix in host.json must be a string.");
    return "api";
  }

  function functionTimeout(): number | undefined {
    const value = valueIn(root, "functionTimeout");
    if (value === undefined || value === null) return defaultTimeout;
    if (value === -1 || value === "-1") return undefined;
    const milliseconds = typeof value === "string" ? parseTimeSpan(value) : undefined;
    if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
    problems.push(
      `functionTimeout in host.json is ${JSON.stringify(value)}; it must be a time span such as "00:05:00", or -1.`,
    );
    return defaultTimeout;
  }

  function retryPolicy(): RetryPolicy | undefined {
    const value = valueIn(root, "retry");
    if (value === undefined || value === null) return undefined;
    const parsed = retrySchema.safeParse(value);
    if (parsed.success) return parsed.data as RetryPolicy;
    for (const { path, message } of parsed.error.issues)
      problems.push(`${["retry", ...path].join(".")} in host.json ${message}.`);
    return undefined;
  }

  function logLevels(): Readonly<Record<string, string>> {
    const levels = objectAt(objectAt(root, "logging", "logging"), "logLevel", "logging.logLevel");
    return Object.fromEntries(
      Object.entries(levels)
        .filter((entry): entry is [string, string] => typeof entry[1] === "string")
        .map(([category, level]) => [category.toLowerCase() === "default" ? "default" : category, level.toLowerCase()]),
    );
  }

  function customHeaders(section: JsonObject): Readonly<Record<string, string>> {
    const written = objectAt(section, "customHeaders", "extensions.http.customHeaders");
    const headers = new Headers();
    for (const [name, value] of Object.entries(written)) {
      try {
        headers.set(name, String(value));
      } catch {
        problems.push(`extensions.http.customHeaders in host.json holds ${JSON.stringify(name)}, which is no header.`);
      }
    }
    return Object.fromEntries(headers);
  }

  function strictTransportSecurity(section: JsonObject): string | undefined {
    const hsts = objectAt(section, "hsts", "extensions.http.hsts");
    if (!isTrue(valueIn(hsts, "isEnabled"))) return undefined;
    const maxAge = valueIn(hsts, "maxAge");
    const milliseconds = typeof maxAge === "string" ? parseTimeSpan(maxAge) : undefined;
    return [
      `max-age=${milliseconds === undefined ? defaultHstsMaxAge : Math.floor(milliseconds / 1000)}`,
      ...(isTrue(valueIn(hsts, "includeSubDomains")) ? ["includeSubDomains"] : []),
      ...(isTrue(valueIn(hsts, "preload")) ? ["preload"] : []),
    ].join("; ");
  }
}

function isTrue(value: unknown): boolean {
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

/** Lays each variable `AzureFunctionsJobHost__a__b` over the file, whose keys it names in any letter case. */
function withOverrides(file: JsonObject, environment: Readonly<Record<string, string | undefined>>): JsonObject {
  const root = structuredClone(file) as Record<string, unknown>;
  for (const [name, value] of Object.entries(environment)) {
    const normal = name.replaceAll(":", "__");
    if (value === undefined || !normal.toLowerCase().startsWith(overridePrefix)) continue;
    const path = normal.slice(overridePrefix.length).split("__");
    if (path.includes("") || path.some(isPrototypeKey)) continue;
    let place = root;
    for (const key of path.slice(0, -1)) {
      const spelled = spelling(place, key);
      if (!isJsonObject(place[spelled])) place[spelled] = Array.isArray(place[spelled]) ? { ...place[spelled] } : {};
      place = place[spelled] as Record<string, unknown>;
    }
    place[spelling(place, path.at(-1)!)] = value;
  }
  return root;
}

function spelling(object: JsonObject, key: string): string {
  const lower = key.toLowerCase();
  return Object.keys(object).find((candidate) => candidate.toLowerCase() === lower) ?? key;
}

function isPrototypeKey(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}
