import { isIP } from "node:net";
import { TrustedProxies } from "@signalbox/transport";
import { z } from "zod";
import { serviceModes } from "../backends/backends.ts";
import { bytes, choice, count, duration, optionalCount, settingInfo, toggle } from "./setting.ts";
import { upstreamTemplates } from "./upstream-template.ts";

/** The key that the official emulator ships with (reference serverless-upstream §7). Public, so for loopback only. */
export const developmentKey = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

// No `;`, which ends a value in a connection string; 32 bytes is what HS256 asks of a key (RFC 7518 §3.2).
const accessKey = z.string().regex(/^[^\s;](?:[^;]{30,})[^\s;]$/);
const accessKeyExpects = "at least 32 characters without a semicolon and without spaces around";

/** An address to listen on; undefined stands for both loopback addresses. */
function address(description: string) {
  return z
    .string()
    .refine((text) => isIP(text) !== 0 || text.toLowerCase() === "localhost")
    .transform((text) => (isIP(text) === 0 ? undefined : text))
    .optional()
    .register(settingInfo, {
      description,
      expects: "an IPv4 or IPv6 address",
      reads: "text",
      defaultText: "127.0.0.1 and ::1",
    });
}

const origin = z.union([z.literal("*"), z.string().refine((text) => URL.parse(text)?.origin === text)]);

const proxy = z.string().refine((text) => {
  try {
    return new TrustedProxies([text]) !== undefined;
  } catch {
    return false;
  }
});

/**
 * Every setting of the service, once: defaults, types, flags, environment names, file validation, documentation and JSON Schema come
 * from here. Input is what people write (times in seconds or with a unit, sizes in bytes or with a unit); output has times in
 * milliseconds and sizes in bytes.
 */
export const settingsSchema = z.strictObject({
  port: count(8888, { max: 65_535, description: "Port of clients and REST; 0 picks a free one" }),
  ip: address("Address to listen on; `0.0.0.0` or `::` for all"),
  endpoint: z
    .string()
    .refine((text) => URL.parse(text)?.origin.startsWith("http") && /^https?:\/\/[^/?#@]+\/?$/i.test(text))
    .transform((text) => new URL(text).origin)
    .optional()
    .register(settingInfo, {
      description:
        "Public base URL under which clients and back ends reach the service, when that is not the address listened on",
      expects: "an http or https URL without a path, such as https://realtime.example.com",
      reads: "text",
      defaultText: "from `ip` and `port`",
    }),
  adminPort: optionalCount({
    max: 65_535,
    description: "Port of the dashboard, health and metrics",
    defaultText: "`port` + 1; 0 when `port` is 0",
  }),
  adminIp: address("Address of that port; one that is not loopback needs `adminToken`"),
  adminToken: z
    .string()
    .regex(/^[!-~]{32,}$/)
    .optional()
    .register(settingInfo, {
      description: "Asked for by the dashboard, its API and the metrics; absent, whoever reaches the port may use them",
      expects: "at least 32 visible ASCII characters without spaces",
      reads: "text",
      secret: true,
      reloadable: true,
    }),
  adminHosts: z
    .array(z.string().regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i))
    .prefault([])
    .register(settingInfo, {
      description: "Names under which browsers reach the dashboard, beside localhost and, off loopback, IP addresses",
      expects: "a list of host names without port, such as signalbox.example.com",
      reads: "list",
      defaultText: "none",
      reloadable: true,
    }),
  accessKeys: z
    .strictObject({
      primary: accessKey.prefault(developmentKey).register(settingInfo, {
        description: "Key that signs tokens and upstream requests",
        expects: accessKeyExpects,
        reads: "text",
        defaultText: "the emulator's development key",
        secret: true,
        reloadable: true,
      }),
      secondary: accessKey.optional().register(settingInfo, {
        description: "Second key, accepted beside the first so that keys can be replaced without a break",
        expects: accessKeyExpects,
        reads: "text",
        secret: true,
        reloadable: true,
      }),
    })
    .prefault({}),
  allowDevelopmentKey: toggle(false, {
    description: "Start with the well-known development key although the address is not loopback",
  }),
  tls: z
    .strictObject({
      cert: z.string().min(1).optional().register(settingInfo, {
        description: "PEM file with the certificate chain; together with `tls.key` the port speaks HTTPS",
        expects: "the path of a PEM file",
        reads: "text",
      }),
      key: z.string().min(1).optional().register(settingInfo, {
        description: "PEM file with the private key",
        expects: "the path of a PEM file",
        reads: "text",
      }),
      requestCertificate: toggle(false, {
        description:
          "Ask clients for a certificate; the thumbprint of what a raw WebSocket shows goes to its upstream. Not on Bun, which cannot tell it",
      }),
    })
    .prefault({}),
  tokens: z
    .strictObject({
      clockSkew: duration("5m", {
        description: "How far a token's `exp` and `nbf` may be off, as the .NET libraries allow",
        max: 3_600_000,
        reloadable: true,
      }),
    })
    .prefault({}),
  mode: choice(serviceModes, "auto", {
    description:
      "Who serves clients: `default` their app servers, `serverless` upstream webhooks, `classic` app servers if there are any, `auto` app servers if there are any and webhooks otherwise",
    reloadable: true,
  }),
  modes: z
    .record(
      z.string().transform((hub) => hub.toLowerCase()),
      z.enum(serviceModes),
    )
    .prefault({})
    .register(settingInfo, {
      description: "Hubs that have another mode than `mode`",
      expects: `an object of hub names and one of ${serviceModes.join(", ")}`,
      reads: "json",
      defaultText: "none",
      reloadable: true,
    }),
  clients: z
    .strictObject({
      maxConnections: count(0, {
        description: "Client connections at a time, further ones get 429; 0 is unlimited",
        reloadable: true,
      }),
      negotiateTimeout: duration("5s", {
        description: "A connect later than this after its negotiate gets 404",
        min: 1_000,
        max: 600_000,
        reloadable: true,
      }),
      handshakeTimeout: duration("15s", {
        description: "Time for the handshake request to arrive",
        min: 1_000,
        max: 600_000,
        reloadable: true,
      }),
      keepAliveInterval: duration("15s", {
        description: "A ping goes to each client this often",
        min: 1_000,
        max: 120_000,
        reloadable: true,
      }),
      clientTimeout: duration("30s", {
        description: "Silence of a client that ends its connection",
        min: 1_000,
        max: 120_000,
        zero: "never",
        reloadable: true,
      }),
      maxLifetime: duration("0s", {
        description: "A connection older than this is closed and may reconnect",
        max: 604_800_000,
        zero: "is unlimited",
        reloadable: true,
      }),
      maxMessageBytes: bytes("1MiB", { description: "Greatest message a client may send", min: 1_024 }),
      maxPendingBytes: bytes("1MiB", {
        description: "More than this waiting for one client ends it as too slow",
        min: 1_024,
        reloadable: true,
      }),
      sendTimeout: duration("10s", {
        description: "Bytes that wait this long without any progress end the client as too slow",
        min: 1_000,
        max: 600_000,
        reloadable: true,
      }),
      reconnectBufferBytes: bytes("100000", {
        description: "Unacknowledged bytes kept per connection for stateful reconnect",
        min: 1_024,
        reloadable: true,
      }),
      reconnectWindow: duration("30s", {
        description: "How long a broken connection waits for its client to come back",
        max: 600_000,
        zero: "switches stateful reconnect off",
        reloadable: true,
      }),
      pollTimeout: duration("90s", {
        description: "An empty long poll is answered after this time",
        min: 1_000,
        max: 600_000,
        reloadable: true,
      }),
      pollInterval: duration("5s", {
        description: "A long-polling client that lets this much pass without a poll is gone",
        min: 1_000,
        max: 300_000,
        reloadable: true,
      }),
    })
    .prefault({}),
  servers: z
    .strictObject({
      timeout: duration("30s", {
        description: "Silence of an app server that ends its connection; its clients may reconnect",
        min: 10_000,
        max: 600_000,
        reloadable: true,
      }),
      maxMessageBytes: bytes("16MiB", { description: "Greatest message an app server may send", min: 65_536 }),
      maxPendingBytes: bytes("4MiB", {
        description:
          "More than this waiting for an app server stops the reading of its clients until it has caught up; 16 times as much ends its connection",
        min: 65_536,
        reloadable: true,
      }),
      clientsPerConnection: count(1_000, {
        description:
          "Clients on one server connection from which on the app server is asked for a further connection; 0 is never",
        reloadable: true,
      }),
      messageTracing: toggle(false, {
        description: "App servers write to their log which messages pass",
        reloadable: true,
      }),
    })
    .prefault({}),
  proxies: z
    .strictObject({
      trusted: z.array(proxy).prefault([]).register(settingInfo, {
        description:
          "Proxies whose `X-Forwarded-For` and `proxies.certificateHeader` are believed and passed to app servers and to upstreams of raw WebSockets; `*` is any, for where nobody else can connect",
        expects: "a list of addresses or networks such as 10.0.0.0/8, or *",
        reads: "list",
        defaultText: "none",
        reloadable: true,
      }),
      certificateHeader: z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)
        .transform((name) => name.toLowerCase())
        .prefault("X-Client-Cert-Thumbprint")
        .register(settingInfo, {
          description: "Header in which such a proxy names the thumbprint of the client's certificate, in hex",
          expects: "the name of a header",
          reads: "text",
          reloadable: true,
        }),
    })
    .prefault({}),
  rest: z
    .strictObject({
      maxBodyBytes: bytes("1MiB", { description: "Greatest request body, beyond it 413", min: 1_024, reloadable: true }),
      maxHeaderBytes: bytes("16KiB", {
        description: "Greatest request header block, beyond it 431",
        min: 1_024,
        max: 1_048_576,
      }),
      invokeTimeout: duration("60s", {
        description: "How long `:invoke` waits for the client's answer",
        min: 1_000,
        max: 600_000,
        reloadable: true,
      }),
    })
    .prefault({}),
  upstream: z
    .strictObject({
      templates: upstreamTemplates.prefault([]).register(settingInfo, {
        description:
          "Where events go, tried in order, first match wins; a bare URL takes every event. Templates saved on the dashboard take their place",
        expects: "a list of templates {hubPattern, eventPattern, categoryPattern, urlTemplate}, or one URL",
        reads: "json",
        defaultText: "none",
        reloadable: true,
      }),
      timeout: duration("100s", {
        description: "Time for an upstream to answer",
        min: 100,
        max: 3_600_000,
        reloadable: true,
      }),
      responseLimit: bytes("16MiB", { description: "Greatest answer of an upstream", min: 1_024, reloadable: true }),
      concurrency: count(100, {
        description: "Requests at a time to one upstream endpoint; further ones wait",
        min: 1,
        max: 65_535,
        reloadable: true,
      }),
      maxWaiting: count(100_000, {
        description: "Requests that may wait so for one endpoint, beside those under way; further ones fail at once",
        min: 1,
        reloadable: true,
      }),
      maxRedirects: count(50, { description: "Redirects followed in one call", max: 100, reloadable: true }),
      closeOnRefusedConnect: toggle(false, {
        description: "Close a client whose `connected` event the upstream answers with 403",
        reloadable: true,
      }),
      retries: z
        .strictObject({
          attempts: count(3, {
            description: "Further attempts after a failed `connected` or `disconnected` call; 0 is none",
            max: 100,
            reloadable: true,
          }),
          baseDelay: duration("500ms", {
            description:
              "Longest wait before the first further attempt, doubling with each one; the real wait is random below it",
            min: 1,
            max: 3_600_000,
            reloadable: true,
          }),
          maxDelay: duration("30s", {
            description: "Bound of that doubling",
            min: 1,
            max: 3_600_000,
            reloadable: true,
          }),
          messages: toggle(false, {
            description: "Retry messages as well",
            reloadable: true,
          }),
        })
        .prefault({}),
    })
    .prefault({}),
  cors: z
    .strictObject({
      origins: z.array(origin).prefault(["*"]).register(settingInfo, {
        description: "Web origins that may use the service, with credentials; `*` is any",
        expects: "a list of origins such as https://app.example.com, or *",
        reads: "list",
        reloadable: true,
      }),
    })
    .prefault({}),
  data: z.string().min(1).prefault(".signalbox/signalbox.db").register(settingInfo, {
    description:
      "SQLite file for what survives a restart (groups of users, templates saved on the dashboard, whether it ended in order); folders are created",
    expects: "the path of a file",
    reads: "text",
  }),
  inMemory: toggle(false, { description: "Keep everything in memory, nothing on disk" }),
  drain: z
    .strictObject({
      sliceSize: count(500, { description: "Clients closed at a time when the service stops", min: 1, reloadable: true }),
      pause: duration("100ms", { description: "Pause between two such slices", max: 60_000, reloadable: true }),
      deadline: duration("25s", {
        description: "The service ends after this time even when it has not finished draining",
        max: 3_600_000,
        reloadable: true,
      }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: choice(["trace", "debug", "info", "warn", "error", "fatal", "silent"], "info", {
        description: "Least severity that is logged",
        reloadable: true,
      }),
      format: choice(["auto", "text", "json"], "auto", {
        description: "Form of the log on standard error: short lines, JSON, or by whether it is a terminal",
      }),
    })
    .prefault({}),
});

/** The settings of a running service: complete, checked, times in milliseconds, sizes in bytes. */
export type Settings = Readonly<z.output<typeof settingsSchema>> & { readonly adminPort: number };
