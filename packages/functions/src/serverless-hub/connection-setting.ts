import { type EndpointOptions, ServiceClient, type ServiceClientOptions } from "@signalbox/management";

/** Name of the setting that a hub uses unless it names another. */
export const defaultConnectionSetting = "AzureSignalRConnectionString";

/** The app's settings lead to no service. */
export class ConnectionSettingError extends Error {
  override readonly name = "ConnectionSettingError";
}

type Environment = Readonly<Record<string, string | undefined>>;

const clients = new WeakMap<ServiceClientOptions, Map<string, ServiceClient>>();

/**
 * The service that a connection setting leads to, one client for all hubs with the same setting and options.
 * @throws {ConnectionSettingError}
 */
export function serviceOf(setting: string, options: ServiceClientOptions): ServiceClient {
  const known = clients.get(options) ?? new Map<string, ServiceClient>();
  clients.set(options, known);
  const client = known.get(setting) ?? connect(setting, options);
  known.set(setting, client);
  return client;
}

function connect(setting: string, options: ServiceClientOptions): ServiceClient {
  const endpoints = endpointsOf(setting, process.env);
  if (endpoints.length === 0) {
    throw new ConnectionSettingError(
      `The SignalR Service connection string is not configured: the app setting "${setting}" is missing or empty.`,
    );
  }
  try {
    return ServiceClient.fromConnectionString(endpoints, options);
  } catch (cause) {
    throw new ConnectionSettingError(`The app setting "${setting}" cannot be used: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Reads what the SignalR extension reads (reference functions-host §2.3, §2.6), so that triggers and hubs use the same service: a
 * connection string, or the address of an identity (`<setting>__serviceUri`), and named endpoints `Azure:SignalR:Endpoints:<name>[:secondary]`,
 * which belong to every connection. Names ignore letter case, and `__` in them stands for a colon.
 */
export function endpointsOf(setting: string, environment: Environment): readonly EndpointOptions[] {
  const settings = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (value?.trim()) settings.set(keyOf(name), value);
  }
  const key = keyOf(setting);
  // App Service passes on its "connection strings" with a prefix.
  const connectionString =
    settings.get(`connectionstrings:${key}`) ?? settings.get(`customconnstr_${key}`) ?? settings.get(key);
  const serviceUri = settings.get(`${key}:serviceuri`);
  const own = connectionString ?? (serviceUri === undefined ? undefined : `Endpoint=${serviceUri};AuthType=azure`);
  return [...(own === undefined ? [] : [{ connectionString: own }]), ...namedEndpoints(settings)];
}

function namedEndpoints(settings: ReadonlyMap<string, string>): readonly EndpointOptions[] {
  const prefix = "azure:signalr:endpoints:";
  return [...settings].flatMap(([key, connectionString]): EndpointOptions[] => {
    if (!key.startsWith(prefix)) return [];
    const [name, type = "primary"] = key.slice(prefix.length).split(":") as [string, string?];
    return type === "primary" || type === "secondary" ? [{ connectionString, name, type }] : [];
  });
}

function keyOf(name: string): string {
  return name.replaceAll("__", ":").toLowerCase();
}
