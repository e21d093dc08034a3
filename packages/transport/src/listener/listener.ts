/**
 * The seam between Signalbox and the JavaScript runtime: one HTTP and WebSocket listener. Only its implementations know whether Node
 * or Bun runs. Every implementation passes the suite in `listener.suite.ts`.
 */
export interface ListenerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Undefined listens on both loopback addresses (127.0.0.1 and, where there is one, ::1). */
  readonly host?: string;
  /** PEM texts. */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    /** Asks clients for a certificate of their own and takes those who show none all the same. Not on Bun, which cannot tell it. */
    readonly requestCertificate?: boolean;
  };
  /** Largest request header block, bytes (the cloud's limit is 16 KiB). Beyond: 431. */
  readonly maxHeaderBytes: number;
  /** Largest WebSocket message, bytes; beyond it the socket is closed with 1009. */
  readonly maxMessageBytes: number;
  readonly handler: ListenerHandler;
}

export interface Listener {
  readonly port: number;
  /** Addresses really bound. */
  readonly hosts: readonly string[];
  /** Stops accepting connections; open ones go on. Resolves when the port is free. */
  stopAccepting(): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}

/**
 * What a listener calls. A throw or rejection becomes a 500 with an empty body and is reported by `onError`; a throw from a
 * `SocketHandler` ends its socket and is reported as well.
 */
export interface ListenerHandler {
  /**
   * Asked first for every request that is no upgrade, so that the hottest routes skip building a `Request`.
   * Returns undefined when the route is not one of them; the request then goes to `fetch` untouched.
   */
  hot?(request: HotRequest): HotReply | BodyReader | undefined;
  /** Everything else. The response body may be a stream; it is cancelled when the client goes away. */
  fetch(request: Request, peer: Peer): Response | Promise<Response>;
  /** A WebSocket upgrade. May take its time; the handshake is answered when the verdict is there. */
  upgrade(request: UpgradeRequest): UpgradeVerdict | Promise<UpgradeVerdict>;
  onError?(error: unknown): void;
}

export interface Peer {
  /** The address of the TCP peer, for example 127.0.0.1; empty when the runtime cannot tell. */
  readonly address: string;
  /** True behind TLS. */
  readonly secure: boolean;
  /** Of a request, names as sent and values alternating; absent when the runtime knows only lower-case names (Bun), and on upgrades. */
  readonly rawHeaders?: readonly string[];
}

export interface HotRequest {
  readonly method: string;
  /** Path and query as sent, not decoded. */
  readonly target: string;
  /** Lower-case name; repeated headers joined as HTTP says; undefined when absent. */
  header(name: string): string | undefined;
}

/**
 * An answer that needs the body first. The listener gathers it in the way that costs its runtime least and calls one of the two methods
 * once; neither when the client leaves before the end of the body. No promise: a body nearly always arrives together with its headers.
 */
export interface BodyReader {
  /** Greatest body, bytes. */
  readonly limit: number;
  /** @param body whole; the caller does not touch it any more */
  answer(body: Uint8Array): HotReply;
  /** The body exceeds the limit, declared or while reading. */
  tooLarge(): HotReply;
}

/** A small answer: no streaming, body at most a few KiB. */
export interface HotReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The part of `Headers` that an upgrade needs: on Node a whole `Headers` would cost as much as checking the client's token. */
export interface HeaderReader {
  /**
   * Repeated headers joined as HTTP says; null when absent.
   * @param name lower-case
   */
  get(name: string): string | null;
  /** Every header. Where the runtime tells, names have the letter case they were sent in and repeated headers stand one by one. */
  entries(): Iterable<readonly [name: string, value: string]>;
}

export interface UpgradeRequest {
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: HeaderReader;
  readonly peer: Peer;
  /** Subprotocols the client offered, in its order; empty when none. */
  readonly subprotocols: readonly string[];
  /**
   * SHA-1 of the certificate whose key the client proved to hold, in upper-case hex; undefined when it showed none. Nobody has checked who
   * issued it.
   */
  readonly certificateThumbprint: string | undefined;
}

export type UpgradeVerdict =
  | {
      readonly accept: SocketHandler;
      /** Echoed to the client; must be one it offered. Absent: none is selected. */
      readonly subprotocol?: string;
      /** Largest message of this socket, bytes, when that is less than the listener's. */
      readonly maxMessageBytes?: number;
    }
  | { readonly refuse: Response };

/** Receives the life of one WebSocket. Calls never overlap. */
export interface SocketHandler {
  /** Not called when the client has gone, or its handshake turns out malformed, before it was answered. */
  open(socket: Socket): void;
  /** A whole message. `data` is valid beyond the call. None comes after `close` or `abort` of the socket. */
  message(data: Uint8Array, isText: boolean): void;
  /** Bytes waiting in the socket fell to zero after having been above zero. */
  drained?(): void;
  /** A pong or ping arrived: the peer lives. */
  alive?(): void;
  /**
   * Once, whatever the end: close handshake, socket error, abort; with 1006 also when it was never opened. The code is the peer's (1005: a close frame without one), or that
   * with which this side ended a peer that broke the protocol (1002, 1007, 1009); 1006 when there was neither.
   */
  closed(code: number, reason: string): void;
}

/** An open WebSocket. Sends never throw: after the end they do nothing. */
export interface Socket {
  /**
   * Sends one message made of parts (a single write). Neither the parts, which sockets share, nor their list may change afterwards.
   * Text frames hold UTF-8.
   */
  send(parts: readonly Uint8Array[], isText: boolean): void;
  /** Sends each part as a message of its own, all of them in a single write where the runtime can. Otherwise as `send`. */
  sendEach(messages: readonly Uint8Array[], isText: boolean): void;
  /** Bytes handed to the socket that the operating system has not taken yet. */
  readonly pendingBytes: number;
  ping(): void;
  /** Close handshake after what was sent. Aborts by itself when the peer does not answer within 5 s. */
  close(code: number, reason?: string): void;
  /** Ends the TCP connection at once. */
  abort(): void;
  /** Stops and restarts reading from the socket: back-pressure towards the peer. Messages already read may still arrive. */
  pause(): void;
  resume(): void;
}
