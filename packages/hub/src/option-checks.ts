import type { HubOptions, HubServerOptions, MapOptions } from "./options.ts";
import type { ServiceOptions } from "./service/service-options.ts";

/** What a value must be, in words and for sure. */
type Rule = readonly [must: string, holds: (value: unknown) => boolean];

const above0: Rule = ["must be a number above 0", (value) => typeof value === "number" && value > 0];
const from0: Rule = ["must be a number, 0 or more", (value) => typeof value === "number" && value >= 0];
const whole: Rule = ["must be a whole number above 0", (value) => Number.isInteger(value) && (value as number) > 0];
const flag: Rule = ["must be true or false", (value) => typeof value === "boolean"];
const text: Rule = ["must be a text that is not empty", (value) => typeof value === "string" && value !== ""];
const callable: Rule = ["must be a function", (value) => typeof value === "function"];
const oneOf = (...names: readonly string[]): Rule => [
  `must be one of ${names.join(", ")}`,
  (value) => names.includes(value as string),
];
const all = (must: string, holds: (item: unknown) => boolean): Rule => [
  `must be a list of ${must}`,
  (value) => Array.isArray(value) && value.length > 0 && value.every(holds),
];
const transports = ["WebSockets", "ServerSentEvents", "LongPolling"];
const list: Rule = ["must be a list", (value) => Array.isArray(value)];

const hubRules: Readonly<Record<keyof HubOptions, Rule>> = {
  authenticate: callable,
  userId: callable,
  filters: list,
  observer: ["must be an object", (value) => typeof value === "object" && value !== null],
  enableDetailedErrors: flag,
  maximumParallelInvocationsPerClient: whole,
  streamBufferCapacity: whole,
  maximumReceiveMessageSize: above0,
  keepAliveInterval: above0,
  clientTimeoutInterval: above0,
  handshakeTimeout: above0,
  pollTimeout: above0,
  disconnectTimeout: above0,
  transportSendTimeout: above0,
  maximumPendingBytes: above0,
  transports: all(transports.join(", "), (item) => transports.includes(item as string)),
  allowStatefulReconnects: flag,
  statefulReconnectBufferSize: from0,
  statefulReconnectWindow: from0,
};

const serverRules: Readonly<Record<keyof HubServerOptions, Rule>> = {
  ...hubRules,
  service: ["must be a connection string or an object", (value) => typeof value === "string" || isObject(value)],
  corsOrigins: all("origins such as https://app.example, or *", isOrigin),
  onError: callable,
};

const mapRules: Readonly<Record<keyof MapOptions<never>, Rule>> = {
  ...hubRules,
  create: callable,
  name: text,
};

const serviceRules: Readonly<Record<keyof ServiceOptions, Rule>> = {
  endpoints: [
    "must be a connection string, an object with one, or a list of them",
    (value) => [value].flat().length > 0 && [value].flat().every(isEndpoint),
  ],
  credential: ["must have a method getToken", (value) => isObject(value) && typeof value.getToken === "function"],
  connections: whole,
  maxConnections: whole,
  applicationName: text,
  sticky: oneOf("Disabled", "Preferred", "Required"),
  gracefulShutdown: oneOf("Off", "WaitForClientsClose", "MigrateClients"),
  shutdownTimeout: from0,
  accessTokenLifetime: above0,
  maxPollIntervalInSeconds: ["must be a whole number from 1 to 300", (value) => whole[1](value) && (value as number) <= 300],
  router: callable,
};

/**
 * Refuses what cannot have been meant, in programs that no compiler checks; an option that is undefined is not given.
 * @throws {TypeError} that names the option
 */
export function checkServerOptions(options: object): void {
  check(options, serverRules, "");
}

/** @throws {TypeError} that names the option */
export function checkMapOptions(options: object): void {
  check(options, mapRules, "");
}

/** @throws {TypeError} that names the option */
export function checkServiceOptions(options: ServiceOptions): void {
  check({ ...options, endpoints: options.endpoints ?? null }, serviceRules, "service.");
}

function check(options: object, rules: Readonly<Record<string, Rule>>, prefix: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(rules, name)) throw new TypeError(`There is no option '${prefix}${name}'.`);
    const [must, holds] = rules[name]!;
    if (!holds(value)) throw new TypeError(`The option '${prefix}${name}' ${must}, not ${described(value)}.`);
  }
}

/** Connection strings hold keys, so texts are shown only where they are short. */
function described(value: unknown): string {
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "that text";
  if (Array.isArray(value)) return `[${value.map(described).join(", ")}]`;
  return typeof value === "object" && value !== null ? "that object" : String(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEndpoint(value: unknown): boolean {
  return typeof value === "string" || (isObject(value) && typeof value.connectionString === "string");
}

function isOrigin(value: unknown): boolean {
  return value === "*" || value === "null" || (typeof value === "string" && URL.parse(value)?.origin === value.toLowerCase());
}
