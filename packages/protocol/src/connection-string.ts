/** A connection string that cannot be used. The message is a sentence and never repeats the access key. */
export class ConnectionStringError extends Error {
  override readonly name = "ConnectionStringError";
}

/** Microsoft Entra identities, as the official SDKs read them. */
export interface EntraIdentity {
  readonly type: "azure" | "azure.msi" | "azure.app" | "aad";
  readonly clientId?: string;
  readonly tenantId?: string;
  readonly clientSecret?: string;
  /** Path of a client certificate. */
  readonly clientCertificate?: string;
}

/** A parsed connection string. URLs have no trailing slash. */
export interface ConnectionString {
  /** With the port of `Port`, if there was one. */
  readonly endpoint: string;
  /** Where clients go, when not to `endpoint`: a proxy in front of them. */
  readonly clientEndpoint?: string;
  /** Where REST calls and server connections go, when not to `endpoint`. */
  readonly serverEndpoint?: string;
  /** Present unless an Entra identity takes its place. Used as text, not base64. */
  readonly accessKey?: string;
  readonly entra?: EntraIdentity;
  readonly version: string;
}

/**
 * Reads `Endpoint=…;AccessKey=…;Port=…;Version=1.0;` (reference serverless-upstream §6.1): parts in any order, keys in any letter case,
 * blanks around keys and values dropped, parts without `=` and unknown keys ignored.
 * @throws {ConnectionStringError}
 */
export function parseConnectionString(text: string): ConnectionString {
  const values = split(text);
  const endpoint = values.get("endpoint");
  if (endpoint === undefined) throw new ConnectionStringError("The connection string has no Endpoint.");
  const entra = entraOf(values);
  const accessKey = values.get("accesskey");
  if (entra === undefined && !accessKey) throw new ConnectionStringError("The connection string has no AccessKey.");
  const version = values.get("version") ?? "1.0";
  if (!/^1\.\d+(?:[\w.-]+)?$/.test(version)) {
    throw new ConnectionStringError(`The connection string has Version=${version}; only versions 1.x are known.`);
  }
  return {
    endpoint: withPort(httpUrl("Endpoint", endpoint), values.get("port")),
    ...optional("clientEndpoint", values.get("clientendpoint"), (value) => plain(httpUrl("ClientEndpoint", value))),
    ...optional("serverEndpoint", values.get("serverendpoint"), (value) => plain(httpUrl("ServerEndpoint", value))),
    ...(entra === undefined ? { accessKey: accessKey! } : { entra }),
    version,
  };
}

/**
 * Writes a connection string in the emulator's form: `Endpoint=http://localhost;Port=8888;AccessKey=…;Version=1.0;`. A port that is the
 * scheme's own is left out.
 */
export function formatConnectionString(
  parts: Pick<ConnectionString, "endpoint" | "clientEndpoint" | "serverEndpoint"> & { readonly accessKey: string },
): string {
  const { protocol, hostname, port, pathname } = new URL(parts.endpoint);
  return [
    `Endpoint=${protocol}//${hostname}${pathname.replace(/\/+$/, "")}`,
    port === "" ? undefined : `Port=${port}`,
    parts.clientEndpoint && `ClientEndpoint=${parts.clientEndpoint}`,
    parts.serverEndpoint && `ServerEndpoint=${parts.serverEndpoint}`,
    `AccessKey=${parts.accessKey}`,
    "Version=1.0",
  ]
    .filter((part) => part !== undefined)
    .map((part) => `${part};`)
    .join("");
}

/** The URL a client of the hub connects to (reference serverless-upstream §6.3). */
export function clientUrl(connection: ConnectionString, hub: string): string {
  return `${connection.clientEndpoint ?? connection.endpoint}${clientPath(hub)}`;
}

/** The audience of that client's token, as the official SDKs build it: from `Endpoint`, always without the port (§6.3). */
export function clientAudience(connection: ConnectionString, hub: string): string {
  const { protocol, hostname } = new URL(connection.endpoint);
  return `${protocol}//${hostname}${clientPath(hub)}`;
}

/** The URL that an app server's WebSockets for a hub connect to (reference hub-and-service-protocol §4.2). */
export function serverUrl(connection: ConnectionString, hub: string): string {
  return `${(connection.serverEndpoint ?? connection.endpoint).replace(/^http/, "ws")}${serverPath(hub)}`;
}

/** The audience of their token: from `Endpoint`, always without the port. */
export function serverAudience(connection: ConnectionString, hub: string): string {
  const { protocol, hostname } = new URL(connection.endpoint);
  return `${protocol}//${hostname}${serverPath(hub)}`;
}

function serverPath(hub: string): string {
  return `/server/?hub=${encodeURIComponent(hub.toLowerCase())}`;
}

function clientPath(hub: string): string {
  return `/client/?hub=${encodeURIComponent(hub.toLowerCase())}`;
}

function split(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const part of text.split(";")) {
    const at = part.indexOf("=");
    if (at === -1) continue;
    const key = part.slice(0, at).trim();
    if (values.has(key.toLowerCase())) throw new ConnectionStringError(`The connection string has ${key} twice.`);
    values.set(key.toLowerCase(), part.slice(at + 1).trim());
  }
  return values;
}

const entraTypes: ReadonlyMap<string, EntraIdentity["type"]> = new Map(
  (["azure", "azure.msi", "azure.app", "aad"] as const).map((type) => [type, type]),
);

/** Any other `AuthType` means the access key (§6.1). */
function entraOf(values: ReadonlyMap<string, string>): EntraIdentity | undefined {
  const type = entraTypes.get(values.get("authtype")?.toLowerCase() ?? "");
  if (type === undefined) return undefined;
  return {
    type,
    ...optional("clientId", values.get("clientid"), String),
    ...optional("tenantId", values.get("tenantid"), String),
    ...optional("clientSecret", values.get("clientsecret"), String),
    // The SDK reads the one key, its documentation names the other.
    ...optional("clientCertificate", values.get("clientcert") ?? values.get("clientcertpath"), String),
  };
}

function httpUrl(key: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\//i.test(text)) {
    throw new ConnectionStringError(
      `The connection string's ${key} must be an http or https URL, not ${JSON.stringify(text)}.`,
    );
  }
  return url;
}

function withPort(url: URL, port: string | undefined): string {
  if (port === undefined) return plain(url);
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) {
    throw new ConnectionStringError(
      `The connection string's Port must be a number from 1 to 65535, not ${JSON.stringify(port)}.`,
    );
  }
  url.port = port;
  return plain(url);
}

function plain(url: URL): string {
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function optional<K extends string, T>(key: K, value: string | undefined, read: (value: string) => T): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: read(value) } as { [P in K]?: T });
}
