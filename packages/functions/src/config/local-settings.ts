import { ConfigError } from "./config-error.ts";
import { isJsonObject, type JsonObject, parseJsonObject, valueIn } from "./json-file.ts";

/** `local.settings.json` (reference functions-host §3.2). */
export interface LocalSettings {
  /** App settings; they become environment variables of the app. */
  readonly values: Readonly<Record<string, string>>;
  /** Name → connection string. */
  readonly connectionStrings: Readonly<Record<string, string>>;
  readonly host: {
    readonly port: number | undefined;
    readonly address: string | undefined;
    /** Origins, or `*`; empty: none. */
    readonly cors: readonly string[];
    readonly corsCredentials: boolean;
  };
  /** What makes (part of) the file unusable, one sentence each; the host goes on without it, as the tools do. */
  readonly warnings: readonly string[];
}

const empty: LocalSettings = {
  values: {},
  connectionStrings: {},
  host: { port: undefined, address: undefined, cors: [], corsCredentials: false },
  warnings: [],
};

/**
 * Reads `local.settings.json`. Never fails: a value that is no text, bad JSON or encrypted values make the file count as empty, with a
 * warning.
 * @param text undefined: there is no file
 */
export function parseLocalSettings(text: string | undefined): LocalSettings {
  if (text === undefined) return empty;
  let root: JsonObject;
  try {
    root = parseJsonObject(text, "local.settings.json");
  } catch (error) {
    if (error instanceof ConfigError) return { ...empty, warnings: [`${error.message} No setting of it is used.`] };
    throw error;
  }

  const values = valueIn(root, "Values") ?? {};
  const connectionStrings = valueIn(root, "ConnectionStrings") ?? {};
  const host = readHost(valueIn(root, "Host"));
  const unusable = (sentence: string): LocalSettings => ({ ...empty, host, warnings: [sentence] });

  if (!isJsonObject(values)) return unusable("Values in local.settings.json must be an object. No setting of it is used.");
  if (!isJsonObject(connectionStrings))
    return unusable("ConnectionStrings in local.settings.json must be an object. No setting of it is used.");
  const nested = Object.keys(values).find((name) => typeof values[name] === "object" && values[name] !== null);
  if (nested !== undefined)
    return unusable(`Values.${nested} in local.settings.json must be a string. No setting of it is used.`);
  const settings = Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, String(value)]),
  );
  if (isEncrypted(root) && Object.keys(settings).length > 0)
    return unusable(
      'The values in local.settings.json are encrypted (IsEncrypted is not false) and cannot be read: set "IsEncrypted": false.',
    );

  const warnings = misplaced(root, settings);
  return { values: settings, connectionStrings: readConnectionStrings(connectionStrings), host, warnings };
}

const ofHost = new Set(["localhttpport", "localhttpaddress", "cors", "corscredentials"]);

/** Settings that have no effect where they stand. */
function misplaced(root: JsonObject, values: Readonly<Record<string, string>>): readonly string[] {
  const known = new Set(["isencrypted", "$schema"]);
  const beside = Object.keys(root).filter((name) => typeof root[name] !== "object" && !known.has(name.toLowerCase()));
  return [
    ...beside.map(
      (name) =>
        `${name} in local.settings.json has no effect beside Values: it belongs into ${ofHost.has(name.toLowerCase()) ? "Host" : "Values"}.`,
    ),
    ...Object.keys(values)
      .filter((name) => ofHost.has(name.toLowerCase()))
      .map((name) => `${name} in local.settings.json has no effect in Values: it belongs into Host.`),
  ];
}

/** Encrypted is the tools' default; only the word `false` (or its text) says otherwise. */
function isEncrypted(root: JsonObject): boolean {
  const value = valueIn(root, "IsEncrypted");
  return !(value === false || (typeof value === "string" && value.toLowerCase() === "false"));
}

function readConnectionStrings(section: JsonObject): Readonly<Record<string, string>> {
  const strings: Record<string, string> = {};
  for (const [name, value] of Object.entries(section)) {
    const text = isJsonObject(value) ? valueIn(value, "ConnectionString") : value;
    if (typeof text === "string") strings[name] = text;
  }
  return strings;
}

function readHost(section: unknown): LocalSettings["host"] {
  if (!isJsonObject(section)) return empty.host;
  const port = Number(valueIn(section, "LocalHttpPort"));
  const address = valueIn(section, "LocalHttpAddress");
  const cors = valueIn(section, "CORS");
  const credentials = valueIn(section, "CORSCredentials");
  return {
    port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined,
    address: typeof address === "string" && address !== "" ? address : undefined,
    cors: typeof cors === "string" ? parseOrigins(cors) : [],
    corsCredentials: credentials === true || (typeof credentials === "string" && credentials.toLowerCase() === "true"),
  };
}

/** A comma-separated list of origins. */
function parseOrigins(text: string): readonly string[] {
  return text
    .split(",")
    .map((origin) => origin.trim().replace(/\/+$/, ""))
    .filter((origin) => origin !== "");
}
