import type { InvocationContext } from "@azure/functions";

/** The event that a hub's method handles (reference functions-host §4.1). */
export interface SignalRInvocationContext {
  readonly hub: string;
  readonly category: "connections" | "messages";
  /** `connected`, `disconnected`, or the name of the method that the client called. */
  readonly event: string;
  readonly connectionId: string;
  /** Absent for an anonymous client. */
  readonly userId?: string;
  /** What the client passed to the method; empty for connection events. */
  readonly arguments: readonly unknown[];
  /** Why the connection ended; absent when the client just left. */
  readonly error?: string;
  /** Of the upstream request. */
  readonly headers: Readonly<Record<string, string>>;
  /** With which the client connected. */
  readonly query: Readonly<Record<string, string>>;
  /** Of the client's token. Of several with one type the first; one whose value contains a comma or `": "` is lost on the way. */
  readonly claims: Readonly<Record<string, string>>;
  /** Of the function that runs: logging, retries, trace context. */
  readonly functionContext: InvocationContext;
}

/** As the trigger delivers it: absent is null (reference functions-host §2.5). */
interface TriggerValue {
  readonly Hub: string;
  readonly Category: string;
  readonly Event: string;
  readonly ConnectionId: string;
  readonly UserId?: string | null;
  readonly Arguments?: readonly unknown[] | null;
  readonly Error?: string | null;
  readonly Headers?: Readonly<Record<string, string>> | null;
  readonly Query?: Readonly<Record<string, string>> | null;
  readonly Claims?: Readonly<Record<string, string>> | null;
}

/** @throws {TypeError} when the value is none of a `signalRTrigger` */
export function invocationContext(value: unknown, functionContext: InvocationContext): SignalRInvocationContext {
  if (!isTriggerValue(value))
    throw new TypeError("The function was called with something that is no event of a signalRTrigger.");
  return {
    hub: value.Hub,
    category: value.Category.toLowerCase() === "connections" ? "connections" : "messages",
    event: value.Event,
    connectionId: value.ConnectionId,
    ...(value.UserId ? { userId: value.UserId } : {}),
    arguments: value.Arguments ?? [],
    ...(value.Error ? { error: value.Error } : {}),
    headers: value.Headers ?? {},
    query: value.Query ?? {},
    claims: value.Claims ?? {},
    functionContext,
  };
}

function isTriggerValue(value: unknown): value is TriggerValue {
  if (typeof value !== "object" || value === null) return false;
  const { Hub, Category, Event, ConnectionId } = value as Partial<TriggerValue>;
  return [Hub, Category, Event, ConnectionId].every((text) => typeof text === "string");
}
