import { extensions } from "./extensions.ts";
import { integer, newerBoolean, nullable, since, text } from "./field.ts";
import { type Codec, layout, type MessageOf } from "./layout.ts";

/*
 * Messages about a server connection itself (reference hub-and-service-protocol §4.5, §4.6).
 */

/** What a server connection is for: `Weak` ones send, but are never given clients. */
export const ServerConnectionType = { Default: 0, OnDemand: 1, Weak: 2 } as const;

/** Whether the clients of a server that leaves may move to another one. */
export const MigrationLevel = { Off: 0, ShutdownOnly: 1, Any: 2 } as const;

/** The first message of the server. */
export const handshakeRequest = layout(1, "HandshakeRequest", {
  /** 1 is the only version. */
  version: integer,
  /** See `ServerConnectionType`. */
  connectionType: since(integer, ServerConnectionType.Default),
  /** On demand: the service instance asked for; SDKs leave it empty and say it in the URL. */
  target: since(nullable(text), undefined),
  /** See `MigrationLevel`. */
  migrationLevel: since(integer, MigrationLevel.Off),
  extensions: extensions(),
  /** The hub lets its clients use stateful reconnect. Absent: an older server, which knows no flow control either. */
  allowStatefulReconnects: newerBoolean,
});
export type ServiceHandshakeRequest = MessageOf<typeof handshakeRequest>;

/** The answer; a text in `error` refuses the server. */
export const handshakeResponse = layout(2, "HandshakeResponse", {
  error: nullable(text),
  extensions: extensions(),
  /** The service's name for this server connection. */
  connectionId: nullable(text),
});
export type ServiceHandshakeResponse = MessageOf<typeof handshakeResponse>;

/** Keys and values by turns; none at all is a sign of life. See `pingValue`. */
export interface ServicePingMessage {
  readonly type: 3;
  readonly values: readonly string[];
}

export const ping: Codec = {
  type: 3,
  name: "Ping",
  read(cursor, count) {
    const values: string[] = [];
    for (let at = 1; at < count; at++) values.push(cursor.tryNil() ? "" : cursor.text());
    return { type: 3, values };
  },
  write(sink, message) {
    const { values } = message as ServicePingMessage;
    sink.array(values.length + 1);
    sink.integer(3);
    for (const value of values) sink.text(value);
  },
};

/** The value of a key's first occurrence; undefined when the ping has no such key. */
export function pingValue({ values }: ServicePingMessage, key: string): string | undefined {
  for (let at = 0; at + 1 < values.length; at += 2) if (values[at] === key) return values[at + 1];
  return undefined;
}

/** The service ends the server connection; the server stops writing at once. */
export const serviceError = layout(15, "ServiceError", { error: nullable(text) });
export type ServiceErrorMessage = MessageOf<typeof serviceError>;

export const ServiceEventObject = { ServiceInstance: 0, Connection: 1, User: 2, Group: 3, ServerConnection: 4 } as const;
export const ServiceEventKind = { Reloading: 0, Invalid: 1, NotExisted: 2, BufferFull: 3 } as const;

/** Something happened to something the server deals with; SDKs write it to their log. */
export const serviceEvent = layout(22, "ServiceEvent", {
  /** See `ServiceEventObject`. */
  objectType: integer,
  id: nullable(text),
  /** See `ServiceEventKind`. */
  kind: integer,
  message: nullable(text),
  extensions: extensions(),
});
export type ServiceEventMessage = MessageOf<typeof serviceEvent>;

/** A server that signed in without an access key asks for one, to sign its clients' tokens. */
export const accessKeyRequest = layout(28, "AccessKeyRequest", {
  token: nullable(text),
  kid: nullable(text),
  extensions: extensions(),
});
export type AccessKeyRequestMessage = MessageOf<typeof accessKeyRequest>;

export const accessKeyResponse = layout(29, "AccessKeyResponse", {
  kid: nullable(text),
  accessKey: nullable(text),
  errorType: nullable(text),
  errorMessage: nullable(text),
  extensions: extensions(),
});
export type AccessKeyResponseMessage = MessageOf<typeof accessKeyResponse>;
