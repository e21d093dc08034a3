/** What a client needs to connect; the body of a negotiate answer. */
export interface ClientAccess {
  readonly url: string;
  readonly accessToken: string;
}

export type HttpTransport = "webSockets" | "serverSentEvents" | "longPolling";

/** A claim's value, or several under one name. */
export type ClaimValue = string | number | boolean | readonly (string | number | boolean)[];

export interface NegotiateOptions {
  /** Absent or empty: the client is anonymous, unless a claim `nameid` or `sub` names its user. */
  readonly userId?: string;
  /** Claims of the client, seen by the back end. Names the token itself uses (`aud`, `exp` …) are kept apart. */
  readonly claims?: Readonly<Record<string, ClaimValue>>;
  /** Of the token, milliseconds. Default: one hour. */
  readonly lifetimeMs?: number;
  /** Transports the client may use. Default: all. */
  readonly httpTransports?: readonly HttpTransport[];
  /** Close the client when the token expires. Default: false. */
  readonly closeOnAuthenticationExpiration?: boolean;
  /** Let the client see why it is closed. Default: false. */
  readonly detailedErrors?: boolean;
  /** The client is watched by live trace and does not count as a user's. Default: false. */
  readonly diagnosticClient?: boolean;
  /** Seconds the client has for its handshake, 1 to 30. Default: the service's. */
  readonly handshakeTimeout?: number;
  /** Seconds between two polls of a long-polling client, 1 to 300. Default: the service's. */
  readonly maxPollInterval?: number;
}
