/**
 * Every way in which Signalbox ends a client connection. One table: wire form, whether an automatically reconnecting client may come
 * back, the metric label. Where the cloud service names a close category, the label is its name.
 */
export interface CloseReason {
  readonly name: string;
  /** Text of the type-7 message; undefined leaves `error` out. A caller's own text (REST `reason`) takes its place. */
  readonly error?: string;
  readonly allowReconnect: boolean;
  /** False: no type-7 message goes out (handshake failures answer in the handshake, a lost transport hears nothing). */
  readonly sendsClose: boolean;
  /** WebSocket close code. */
  readonly code: number;
  readonly metric: string;
}

const reasons = {
  clientLeft: { allowReconnect: false, sendsClose: false, code: 1000, metric: "Normal" },
  transportLost: { allowReconnect: true, sendsClose: false, code: 1006, metric: "ClientTransportLost" },
  closedByBackend: { allowReconnect: true, sendsClose: true, code: 1000, metric: "CloseByServer" },
  closedByServer: { allowReconnect: false, sendsClose: false, code: 1000, metric: "CloseByAppServer" },
  noServer: {
    error: "No app server is connected.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "NoAvailableServerConnection",
  },
  serverLost: {
    error: "The connection to the app server was lost.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "ServerConnectionClosed",
  },
  malformedMessage: {
    error: "Connection closed with an error.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "InvalidData",
  },
  messageTooLarge: {
    error: "Connection closed with an error.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "MessageTooLarge",
  },
  handshakeFailed: { allowReconnect: false, sendsClose: false, code: 1000, metric: "HandshakeFailed" },
  handshakeTimeout: { allowReconnect: false, sendsClose: false, code: 1000, metric: "HandshakeTimeout" },
  clientTimeout: {
    error: "Connection closed with an error.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "PingTimeout",
  },
  authenticationExpired: {
    error: "The authentication of this connection has expired.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "AuthenticationExpired",
  },
  lifetimeExceeded: {
    error: "The connection reached its maximum lifetime.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "LifetimeExceeded",
  },
  slowConsumer: {
    error: "The client reads too slowly.",
    allowReconnect: true,
    sendsClose: true,
    code: 1000,
    metric: "SlowClient",
  },
  refusedByBackend: {
    error: "Connection refused by the upstream.",
    allowReconnect: false,
    sendsClose: true,
    code: 1000,
    metric: "RefusedByUpstream",
  },
  drain: { allowReconnect: true, sendsClose: true, code: 1000, metric: "ServiceReload" },
  stopped: { allowReconnect: true, sendsClose: true, code: 1001, metric: "ServiceStop" },
} as const satisfies Record<string, Omit<CloseReason, "name">>;

export type CloseReasonName = keyof typeof reasons;

/** The table, keyed by name. */
export const CloseReasons: Readonly<Record<CloseReasonName, CloseReason>> = Object.fromEntries(
  Object.entries(reasons).map(([name, reason]) => [name, { name, ...reason }]),
) as Record<CloseReasonName, CloseReason>;
