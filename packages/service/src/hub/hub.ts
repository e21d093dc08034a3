import { messagePayload } from "@signalbox/protocol";
import {
  type ClientMessage,
  CloseReasons,
  type Connection,
  type OpeningConnection,
  type SignalRConnection,
} from "@signalbox/transport";
import type { MembershipStore } from "../store/membership-store.ts";
import type {
  Answer,
  CloseCommand,
  Command,
  InvokeAnswer,
  InvokeCommand,
  JoinCommand,
  LeaveCommand,
  Member as MemberSelector,
  RenewAnswer,
  RenewCommand,
  SendCommand,
  StreamCompleteCommand,
  StreamItemCommand,
} from "./command.ts";
import { Invocations } from "./invocations.ts";
import type { Member } from "./member.ts";
import { renewedClaims } from "./renewed-claims.ts";
import { Roster } from "./roster.ts";
import { UserGroups } from "./user-groups.ts";

/** One hub and the meaning of each command on it. Knows no HTTP, no socket, no door. */
export class Hub {
  readonly name: string;
  readonly userGroups: UserGroups;
  /** Messages queued towards clients, one a receiver, and messages received, since the hub came up. */
  delivered = 0;
  received = 0;
  readonly #roster: Roster;
  readonly #invocations = new Invocations();
  readonly #onClosing: (member: Member) => void;

  /** @param onClosing told of each connection that a command is about to close; it has left the hub then */
  constructor(name: string, store: MembershipStore, onClosing: (member: Member) => void) {
    this.name = name;
    this.userGroups = new UserGroups(name, store);
    this.#roster = new Roster(this.userGroups);
    this.#onClosing = onClosing;
  }

  /** Nothing to remember: the hub may be forgotten. */
  get isEmpty(): boolean {
    return this.#roster.size === 0 && this.userGroups.isEmpty;
  }

  get size(): number {
    return this.#roster.size;
  }

  /** @param groups that it joins at once */
  add<C extends Connection>(connection: C, groups: readonly string[] = []): Member<C> {
    const member = this.#roster.add(connection);
    for (const group of groups) this.#roster.join(member, group);
    return member;
  }

  find(connection: string): Member | undefined {
    return this.#roster.find(connection);
  }

  /** Idempotent. */
  remove(member: Member): void {
    if (this.#roster.remove(member)) this.#invocations.disconnected(member);
  }

  /** True when the completion answers a call that this hub made of its client. */
  isAnswer(member: Member<SignalRConnection>, completion: ClientMessage): boolean {
    return this.#invocations.complete(member, completion);
  }

  send({ audience, except, filter, payload }: SendCommand): undefined {
    for (const member of this.#roster.receivers(audience, except, filter)) {
      if (member.connection.send(payload)) this.delivered += 1;
    }
  }

  /** @throws {StoreError} when a membership cannot be kept; nothing has changed then */
  execute(command: Command): Answer<Command> | Promise<Answer<Command>> {
    switch (command.do) {
      case "send":
        return this.send(command);
      case "close":
        return this.#close(command);
      case "join":
        return this.#join(command);
      case "leave":
        return this.#leave(command);
      case "invoke":
        return this.#invoke(command);
      case "stream item":
        return this.#streamItem(command);
      case "stream complete":
        return this.#streamComplete(command);
      case "renew":
        return this.#renew(command);
      case "claims":
        return this.#roster.find(command.connection)?.client.claims;
      case "exists":
        return this.#roster.exists(command.subject);
      case "list":
        return this.#roster.list(command.of, command.after, command.limit);
      case "count":
        return this.#roster.count();
    }
  }

  /** The connections leave the hub at once, so that no question asked after the answer still finds them. */
  #close({ audience, except, filter, reason }: CloseCommand): number {
    const members = new Set(this.#roster.receivers(audience, except, filter));
    for (const member of members) {
      this.remove(member);
      this.#onClosing(member);
      member.connection.close(CloseReasons.closedByBackend, reason);
    }
    return members.size;
  }

  #join({ group, member, ttl }: JoinCommand): boolean {
    const join = (found: Member) => this.#roster.join(found, group);
    if (!("user" in member)) return this.#forEach(member, join);
    if (ttl === 0) for (const connection of this.#roster.ofUser(member.user)) join(connection);
    else this.userGroups.join(member.user, group, ttl);
    return true;
  }

  #leave({ group, member }: LeaveCommand): boolean {
    const leave = (found: Member) => (group === undefined ? this.#roster.leaveAll(found) : this.#roster.leave(found, group));
    if (!("user" in member)) return this.#forEach(member, leave);
    if (group === undefined) this.userGroups.leaveAll(member.user);
    else this.userGroups.leave(member.user, group);
    for (const connection of this.#roster.ofUser(member.user)) leave(connection);
    return true;
  }

  async #invoke(command: InvokeCommand): Promise<InvokeAnswer> {
    const member = this.#roster.find(command.connection);
    if (member === undefined) return { outcome: "no connection" };
    this.delivered += 1;
    return this.#invocations.invoke(member, command);
  }

  #streamItem({ connection, stream, item }: StreamItemCommand): boolean {
    return this.#sendTo(connection, { type: 2, invocationId: stream, item });
  }

  #streamComplete({ connection, stream, error }: StreamCompleteCommand): boolean {
    return this.#sendTo(connection, { type: 3, invocationId: stream, ...(error === undefined ? {} : { error }) });
  }

  #renew({ connection, ...renewal }: RenewCommand): RenewAnswer {
    // A raw client, which has no token to renew, is as good as none.
    const member = this.#roster.find(connection) as Member<OpeningConnection> | undefined;
    if (member?.client.renewClaims === undefined) return { outcome: "no connection" };
    const claims = renewedClaims(member.client, renewal);
    if (claims === undefined) return { outcome: "another user" };
    member.client.renewClaims(claims);
    if (renewal.expiresAt !== undefined) member.connection.expireAt(renewal.expiresAt);
    member.backend?.renewed?.(member);
    return { outcome: "renewed", claims };
  }

  #sendTo(connection: string, message: Parameters<typeof messagePayload>[0]): boolean {
    const member = this.#roster.find(connection);
    if (member === undefined || !member.connection.send(messagePayload(message))) return false;
    this.delivered += 1;
    return true;
  }

  #forEach(selector: Exclude<MemberSelector, { user: string }>, act: (member: Member) => void): boolean {
    if ("connection" in selector) {
      const member = this.#roster.find(selector.connection);
      if (member !== undefined) act(member);
      return member !== undefined;
    }
    for (const member of this.#roster.receivers({ to: "all" }, undefined, selector.filter)) act(member);
    return true;
  }
}
