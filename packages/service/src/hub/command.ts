import type { Payload } from "@signalbox/transport";
import type { Claim } from "../auth/claims.ts";

/**
 * What a back end asks of a hub. REST routes, app servers, webhook answers and the dashboard all translate into these and nothing else.
 * Hub names are lower-case (`app_hub` with an application name); users, groups and connection ids are compared ordinally.
 */
export type Command =
  | SendCommand
  | CloseCommand
  | JoinCommand
  | LeaveCommand
  | InvokeCommand
  | StreamItemCommand
  | StreamCompleteCommand
  | RenewCommand
  | ClaimsCommand
  | ExistsCommand
  | ListCommand
  | CountCommand;

/** Whom a command reaches. A connection that is in two of the named groups receives two copies; in one group as user and connection, one. */
export type Audience =
  | { readonly to: "all" }
  | { readonly to: "connections"; readonly ids: readonly string[] }
  | { readonly to: "users"; readonly ids: readonly string[] }
  | { readonly to: "groups"; readonly ids: readonly string[] };

export interface Exceptions {
  readonly connections?: readonly string[];
  readonly users?: readonly string[];
}

/** Delivers a payload. Unknown receivers are no error. Answers nothing. */
export interface SendCommand {
  readonly do: "send";
  readonly audience: Audience;
  readonly except?: Exceptions | undefined;
  /** Narrows the audience further (`:execute`). */
  readonly filter?: (subscriber: Subscriber) => boolean;
  readonly payload: Payload;
}

/** What a filter may look at. */
export interface Subscriber {
  readonly connectionId: string;
  readonly userId: string | undefined;
  isInGroup(group: string): boolean;
}

/** Closes with reconnect permission. Answers the number of connections that were closed on this node. */
export interface CloseCommand {
  readonly do: "close";
  readonly audience: Audience;
  readonly except?: Exceptions;
  readonly filter?: (subscriber: Subscriber) => boolean;
  /** Shown to the client as the error of its type-7 message; absent: no error. */
  readonly reason?: string;
}

export type Member =
  | { readonly connection: string }
  | { readonly user: string }
  | { readonly filter: (subscriber: Subscriber) => boolean };

/** Answers false when the connection is unknown; always true for users, known or not. Idempotent. */
export interface JoinCommand {
  readonly do: "join";
  readonly group: string;
  readonly member: Member;
  /**
   * Users only, seconds. Absent: at most one year, and only the latest 100 such groups of a user are kept. 0: only the connections
   * the user has now join. Otherwise the membership follows the user to later connections until it expires.
   */
  readonly ttl?: number;
}

/** Answers false when the connection is unknown, true otherwise (not being a member is no error). A user's connections leave with it. */
export interface LeaveCommand {
  readonly do: "leave";
  /** Absent: all groups. */
  readonly group?: string;
  readonly member: Member;
}

/** Calls a method of one client and answers its completion. */
export interface InvokeCommand {
  readonly do: "invoke";
  readonly connection: string;
  /** Makes the frame for the id under which the hub will recognise the answer. */
  readonly payload: (invocationId: string) => Payload;
  /** Milliseconds. */
  readonly timeout: number;
}

export type InvokeAnswer =
  | {
      readonly outcome: "completed";
      /** Name of the client's protocol, and the completion in its framed bytes. */
      readonly protocol: string;
      readonly record: Uint8Array;
      readonly error?: string;
      readonly result?: unknown;
    }
  | { readonly outcome: "no connection" | "disconnected" | "timeout" };

/** An item of the stream that a client asked for. Answers false when there is no such connection. */
export interface StreamItemCommand {
  readonly do: "stream item";
  readonly connection: string;
  /** The client's invocation id. */
  readonly stream: string;
  readonly item: unknown;
}

/** Ends such a stream, with an error or well. Answers false when there is no such connection. */
export interface StreamCompleteCommand {
  readonly do: "stream complete";
  readonly connection: string;
  readonly stream: string;
  readonly error?: string;
}

/** Renews what the token of a client says while the client stays connected. What it does not name stays. */
export interface RenewCommand {
  readonly do: "renew";
  readonly connection: string;
  /** The connection ends then, milliseconds since 1970; never at `noExpiry` of the service protocol. */
  readonly expiresAt?: number;
  /** Instead of the claims it has; those that speak to the service (`asrs.s.*`) and those of the token itself stay. */
  readonly claims?: readonly Claim[];
}

export type RenewAnswer =
  | { readonly outcome: "renewed"; readonly claims: readonly Claim[] }
  /** "another user": the claims name one that is not the client's; nothing has changed. */
  | { readonly outcome: "no connection" | "another user" };

/** Answers the claims of a client, undefined when there is no such connection. */
export interface ClaimsCommand {
  readonly do: "claims";
  readonly connection: string;
}

export type Subject =
  | { readonly connection: string }
  /** A user exists while it has a connection. */
  | { readonly user: string }
  /** A group exists while a connection is in it, itself or through its user. */
  | { readonly group: string }
  /** Membership of the user itself, online or not. */
  | { readonly user: string; readonly group: string };

export interface ExistsCommand {
  readonly do: "exists";
  readonly subject: Subject;
}

/** Ordered by id so that a page can be continued: `after` is the last id of the page before. */
export interface ListCommand {
  readonly do: "list";
  readonly of: Listing;
  readonly after?: string;
  readonly limit: number;
}

export type Listing =
  | { readonly kind: "connections"; readonly user?: string; readonly group?: string }
  | { readonly kind: "users" }
  | { readonly kind: "groups"; readonly connection?: string; readonly user?: string };

export interface ListAnswer {
  readonly items: readonly ListItem[];
  /** True when more follow. */
  readonly more: boolean;
}

export interface ListItem {
  /** Connection id, user id or group name. */
  readonly id: string;
  /** Connections only. */
  readonly userId?: string;
  /** Users and groups: how many connections. */
  readonly connections?: number;
}

export interface CountCommand {
  readonly do: "count";
}

export interface CountAnswer {
  readonly connections: number;
  readonly users: number;
  readonly groups: number;
}

/** What each command answers. */
export type Answer<C extends Command> = C extends SendCommand
  ? undefined
  : C extends CloseCommand
    ? number
    : C extends JoinCommand | LeaveCommand | StreamItemCommand | StreamCompleteCommand | ExistsCommand
      ? boolean
      : C extends InvokeCommand
        ? InvokeAnswer
        : C extends RenewCommand
          ? RenewAnswer
          : C extends ClaimsCommand
            ? readonly Claim[] | undefined
            : C extends ListCommand
              ? ListAnswer
              : CountAnswer;
