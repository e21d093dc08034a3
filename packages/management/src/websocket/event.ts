import { headerText } from "@signalbox/protocol";

/** Headers as function apps and web servers have them: an object with lower-case names, or `Headers`. */
export type EventHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null | undefined };

/** What the service told by the headers of an upstream request (reference serverless-upstream §5.7). */
export interface WebSocketEvent {
  readonly connectionId: string | undefined;
  /** Absent until the token or the answer to `connect` has named the user. */
  readonly userId: string | undefined;
  /** Of the URL that the client connected to, the last value of each name. */
  readonly query: Readonly<Record<string, string>>;
  readonly eventName: string | undefined;
  readonly isConnectEvent: boolean;
  readonly isMessageEvent: boolean;
  readonly isDisconnectEvent: boolean;
}

/** Reads the headers of an upstream request. What is not there is undefined. */
export function event(headers: EventHeaders): WebSocketEvent {
  const eventName = headerOf(headers, "x-asrs-event");
  return {
    connectionId: headerOf(headers, "x-asrs-connection-id"),
    userId: headerOf(headers, "x-asrs-user-id"),
    query: Object.fromEntries(new URLSearchParams(headerOf(headers, "x-asrs-client-query"))),
    eventName,
    isConnectEvent: eventName === "connect",
    isMessageEvent: eventName === "message",
    isDisconnectEvent: eventName === "disconnect",
  };
}

function headerOf(headers: EventHeaders, name: string): string | undefined {
  const value = isReader(headers) ? headers.get(name) : headers[name];
  const first = typeof value === "object" && value !== null ? value[0] : value;
  return first == null ? undefined : headerText(first);
}

function isReader(headers: EventHeaders): headers is Extract<EventHeaders, { get(name: string): unknown }> {
  return typeof headers.get === "function";
}
