/** A transport and a protocol that it can carry. */
export interface Combination {
  readonly transport: "WebSockets" | "ServerSentEvents" | "LongPolling";
  readonly protocol: "json" | "messagepack";
}

/** Server-sent events are text: no MessagePack. */
export const combinations: readonly Combination[] = [
  { transport: "WebSockets", protocol: "json" },
  { transport: "WebSockets", protocol: "messagepack" },
  { transport: "ServerSentEvents", protocol: "json" },
  { transport: "LongPolling", protocol: "json" },
  { transport: "LongPolling", protocol: "messagepack" },
];

export interface ClientOptions extends Combination {
  /** As an app's negotiate endpoint answers them. */
  readonly url: string;
  readonly accessToken: string;
  /** How it comes back when its connection breaks: as a new connection, or as the same one. Absent: not at all. */
  readonly reconnect?: "automatic" | "stateful";
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether requests carry cookies to another origin. Default: true. */
  readonly withCredentials?: boolean;
}

/** What a stream brought: its items and how it ended. */
export interface StreamOutcome {
  readonly items: readonly unknown[];
  readonly error: string | undefined;
}

/**
 * A started `@microsoft/signalr` connection, in this process or in a browser. It records calls of `message`, answers calls of
 * `double` with twice the number, and fails calls of `fail`.
 */
export interface TestClient {
  /** At the start. */
  readonly connectionId: string;
  /** Ids of the connections it reconnected as by itself; a stateful reconnect keeps the id and is not among them. */
  reconnections(): Promise<readonly string[]>;
  /** Arguments of each call of `message`, in the order of arrival. */
  messages(): Promise<readonly (readonly unknown[])[]>;
  invoke(target: string, ...args: readonly unknown[]): Promise<unknown>;
  send(target: string, ...args: readonly unknown[]): Promise<void>;
  /** Resolves when the stream has ended. */
  stream(target: string, ...args: readonly unknown[]): Promise<StreamOutcome>;
  /** Undefined while the connection lives, afterwards the error it ended with, empty for none. */
  closed(): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** Starts a client; where it runs is the implementation's affair. */
export type ConnectClient = (options: ClientOptions) => Promise<TestClient>;
