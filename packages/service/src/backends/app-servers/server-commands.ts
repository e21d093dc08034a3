import {
  AckStatus,
  type ClaimEntry,
  encodeConnectionClaims,
  encodeGroupMemberPage,
  framedPayload,
  type GetConnectionClaimsMessage,
  type GroupMemberQueryMessage,
  type RefreshAuthMessage,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import type { Audience, Command, Exceptions, Member } from "../../hub/command.ts";
import { FilterError, parseFilter } from "../../hub/filter/filter.ts";
import type { Hubs } from "../../hub/hubs.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Members on one page of a group, when the server does not say. */
const defaultPage = 200;
const maxPage = 1_000;

export interface ServerCommandsParts {
  readonly hubs: () => Pick<Hubs, "execute" | "send">;
  /** The id of the connection that a client knows by this token. @param hub lower-case */
  readonly connectionOf: (hub: string, token: string) => string | undefined;
  /** Hears of what the server is told was an internal error. */
  readonly onError: (error: unknown) => void;
}

type Payloads = ReadonlyMap<string, Uint8Array>;
type Outcome = boolean | Promise<boolean>;

/**
 * Turns what app servers ask of their hub into the commands that REST gives, too (reference hub-and-service-protocol §4.5, §4.7). Each
 * takes effect in the order received; every message that wants an Ack gets one, on the same connection.
 */
export class ServerCommands {
  readonly #parts: ServerCommandsParts;

  constructor(parts: ServerCommandsParts) {
    this.#parts = parts;
  }

  get #hubs(): Pick<Hubs, "execute" | "send"> {
    return this.#parts.hubs();
  }

  /** @returns false for a message that is no command */
  execute(server: ServerConnection, message: ServiceMessage): boolean {
    const { hub } = server.identity;
    switch (message.type) {
      case ServiceMessageType.MultiConnectionData:
        this.#send(server, { to: "connections", ids: message.connectionIds }, message);
        return true;
      case ServiceMessageType.UserData:
        this.#send(server, { to: "users", ids: [message.userId] }, message);
        return true;
      case ServiceMessageType.MultiUserData:
        this.#send(server, { to: "users", ids: message.userIds }, message);
        return true;
      case ServiceMessageType.BroadcastData:
        this.#send(server, { to: "all" }, message, exceptions(message.excludedConnectionIds));
        return true;
      case ServiceMessageType.GroupBroadcastData: {
        const except = exceptions(message.excludedConnectionIds, message.excludedUserIds);
        this.#send(server, { to: "groups", ids: [message.group] }, message, except);
        return true;
      }
      case ServiceMessageType.MultiGroupBroadcastData:
        this.#send(server, { to: "groups", ids: message.groups }, message);
        return true;
      case ServiceMessageType.JoinGroup:
      case ServiceMessageType.JoinGroupWithAck:
        this.#acknowledge(server, message, this.#join(hub, { connection: message.connectionId }, message.group));
        return true;
      case ServiceMessageType.LeaveGroup:
      case ServiceMessageType.LeaveGroupWithAck:
        this.#acknowledge(server, message, this.#leave(hub, { connection: message.connectionId }, message.group));
        return true;
      case ServiceMessageType.UserJoinGroup:
      case ServiceMessageType.UserJoinGroupWithAck:
        this.#acknowledge(server, message, this.#join(hub, { user: message.userId }, message.group, message.extensions?.ttl));
        return true;
      case ServiceMessageType.UserLeaveGroup:
      case ServiceMessageType.UserLeaveGroupWithAck:
        this.#acknowledge(server, message, this.#leave(hub, { user: message.userId }, message.group));
        return true;
      case ServiceMessageType.CheckUserInGroup:
        this.#acknowledge(server, message, this.#exists(hub, { user: message.userId, group: message.group }));
        return true;
      case ServiceMessageType.CheckGroupExistence:
        this.#acknowledge(server, message, this.#exists(hub, { group: message.group }));
        return true;
      case ServiceMessageType.CheckConnectionExistence:
        this.#acknowledge(server, message, this.#exists(hub, { connection: message.connectionId }));
        return true;
      case ServiceMessageType.CheckUserExistence:
        this.#acknowledge(server, message, this.#exists(hub, { user: message.userId }));
        return true;
      case ServiceMessageType.CloseConnectionWithAck: {
        const closed = this.#close(hub, { to: "connections", ids: [message.connectionId] }, message);
        this.#acknowledge(
          server,
          message,
          closed.then((count) => count > 0),
        );
        return true;
      }
      case ServiceMessageType.CloseConnectionsWithAck:
        this.#acknowledge(server, message, this.#close(hub, { to: "all" }, message).then(yes));
        return true;
      case ServiceMessageType.CloseUserConnectionsWithAck:
        this.#acknowledge(server, message, this.#close(hub, { to: "users", ids: [message.userId] }, message).then(yes));
        return true;
      case ServiceMessageType.CloseGroupConnectionsWithAck:
        this.#acknowledge(server, message, this.#close(hub, { to: "groups", ids: [message.group] }, message).then(yes));
        return true;
      case ServiceMessageType.GroupMemberQuery:
        this.#list(server, message);
        return true;
      case ServiceMessageType.RefreshAuth:
        this.#answerClaims(server, message, this.#renew(hub, message));
        return true;
      case ServiceMessageType.GetConnectionClaims:
        this.#answerClaims(server, message, this.#claims(hub, message));
        return true;
      default:
        return false;
    }
  }

  /** Closes one client that another server, or none, carries. @param reason shown to the client */
  closeConnection(hub: string, connectionId: string, reason: string | undefined): void {
    this.#close(hub, { to: "connections", ids: [connectionId] }, { reason }).catch(this.#parts.onError);
  }

  #send(
    { identity }: ServerConnection,
    audience: Audience,
    { payloads, extensions }: { payloads: Payloads; extensions?: { filter?: string | undefined } | undefined },
    except?: Exceptions,
  ): void {
    const payload = framedPayload(payloads);
    const filter = extensions?.filter;
    if (filter === undefined) {
      this.#hubs.send(identity.hub, { do: "send", audience, except, payload });
      return;
    }
    try {
      this.#hubs.send(identity.hub, { do: "send", audience, except, payload, filter: parseFilter(filter) });
    } catch (error) {
      // Nobody waits for an answer, and to send to more than those who were meant would be worse than to nobody.
      if (!(error instanceof FilterError)) throw error;
      this.#parts.onError(error);
    }
  }

  #join(hub: string, member: Member, group: string, ttl?: number): Outcome {
    return this.#hubs.execute(hub, { do: "join", group, member, ...(ttl === undefined ? {} : { ttl }) });
  }

  #leave(hub: string, member: Member, group: string | undefined): Outcome {
    return this.#hubs.execute(hub, { do: "leave", member, ...(group === undefined ? {} : { group }) });
  }

  #exists(hub: string, subject: Extract<Command, { do: "exists" }>["subject"]): Outcome {
    return this.#hubs.execute(hub, { do: "exists", subject });
  }

  #close(
    hub: string,
    audience: Audience,
    { reason, excludedConnectionIds = [] }: { reason?: string | undefined; excludedConnectionIds?: readonly string[] },
  ): Promise<number> {
    return this.#hubs.execute(hub, {
      do: "close",
      audience,
      except: exceptions(excludedConnectionIds) ?? {},
      ...(reason ? { reason } : {}),
    });
  }

  async #renew(hub: string, { connectionToken, claims, expireTime: expiresAt }: RefreshAuthMessage): Promise<ClaimsAnswer> {
    const connection = this.#parts.connectionOf(hub, connectionToken);
    if (connection === undefined) return "no connection";
    const changed = claims.length === 0 ? {} : { claims };
    const answer = await this.#hubs.execute(hub, { do: "renew", connection, expiresAt, ...changed });
    return answer.outcome === "renewed" ? answer.claims : answer.outcome;
  }

  async #claims(hub: string, { connectionToken }: GetConnectionClaimsMessage): Promise<ClaimsAnswer> {
    const connection = this.#parts.connectionOf(hub, connectionToken);
    const claims = connection === undefined ? undefined : await this.#hubs.execute(hub, { do: "claims", connection });
    return claims ?? "no connection";
  }

  /** SDKs make the client's next token of the claims. */
  #answerClaims(server: ServerConnection, { ackId }: { readonly ackId: number }, answer: Promise<ClaimsAnswer>): void {
    answer.then(
      (known) => {
        if (known === "no connection") this.#ack(server, ackId, AckStatus.NotFound);
        else if (known === "another user") {
          this.#ack(server, ackId, AckStatus.InternalServerError, "The claims name another user than the client's.");
        } else this.#ack(server, ackId, AckStatus.Ok, "", encodeConnectionClaims(known));
      },
      (error) => this.#fail(server, ackId, error),
    );
  }

  /** Those without an id are not answered. */
  #acknowledge(server: ServerConnection, message: object, outcome: Outcome): void {
    const { ackId } = message as { readonly ackId?: number };
    Promise.resolve(outcome).then(
      (isOk) => {
        if (ackId !== undefined) this.#ack(server, ackId, isOk ? AckStatus.Ok : AckStatus.NotFound);
      },
      (error) => this.#fail(server, ackId, error),
    );
  }

  #fail(server: ServerConnection, ackId: number | undefined, error: unknown): void {
    this.#parts.onError(error);
    if (ackId !== undefined) this.#ack(server, ackId, AckStatus.InternalServerError, "The service could not carry this out.");
  }

  #ack(server: ServerConnection, ackId: number, status: number, message = "", payload?: Uint8Array): void {
    server.send({ type: ServiceMessageType.Ack, ackId, status, message, payload });
  }

  #list(server: ServerConnection, { group, ackId, top, continuationToken, maxPageSize }: GroupMemberQueryMessage): void {
    const limit = Math.max(0, Math.min(maxPageSize ?? defaultPage, top ?? Number.POSITIVE_INFINITY, maxPage));
    const after = continuationToken === undefined ? {} : { after: continuationToken };
    this.#hubs.execute(server.identity.hub, { do: "list", of: { kind: "connections", group }, limit, ...after }).then(
      ({ items, more }) => {
        const isWhole = !more || (top !== undefined && top <= items.length);
        const page = encodeGroupMemberPage({
          members: items.map(({ id, userId }) => ({ connectionId: id, userId })),
          continuationToken: isWhole ? undefined : items.at(-1)?.id,
        });
        this.#ack(server, ackId, AckStatus.Ok, "", page);
      },
      (error) => this.#fail(server, ackId, error),
    );
  }
}

type ClaimsAnswer = readonly ClaimEntry[] | "no connection" | "another user";

const yes = (): boolean => true;

function exceptions(connections: readonly string[], users: readonly string[] = []): Exceptions | undefined {
  return connections.length === 0 && users.length === 0 ? undefined : { connections, users };
}
