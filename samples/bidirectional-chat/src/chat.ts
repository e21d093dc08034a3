import type { HttpRequest } from "@azure/functions";
import {
  addServerlessHub,
  filter,
  parameters,
  requireClaim,
  ServerlessHub,
  type SignalRInvocationContext,
} from "@signalbox/functions/serverless-hub";
import { z } from "zod";
import type { ChatClient, Member } from "./chat-client.ts";
import { isAdmin, ownOrAdmin } from "./rules.ts";
import { hasRole, nameOf } from "./signed-in-user.ts";

const messageText = z.string().trim().min(1, "A message needs a text.").max(1_000, "A message has at most 1000 characters.");
const shortName = z.string().trim().min(1, "A name is needed.").max(100, "A name has at most 100 characters.");

/** Methods are what clients may call; who they are and what they may do comes from their token. */
class Chat extends ServerlessHub<ChatClient> {
  override async onNegotiate({ user }: HttpRequest) {
    if (user === null) return { status: 401, body: "Sign in first." };
    return this.negotiate({ userId: nameOf(user), claims: { admin: hasRole(user, "admin") } });
  }

  async onConnected(context: SignalRInvocationContext) {
    const { connectionId } = context;
    await this.clients.client(connectionId).send("welcome", { ...memberOf(context), admin: isAdmin(context) });
    await this.clients.allExcept([connectionId]).send("joined", memberOf(context));
  }

  async onDisconnected(context: SignalRInvocationContext) {
    await this.clients.all.send("left", memberOf(context));
  }

  @filter(requireClaim("admin", true))
  @parameters(messageText)
  async broadcast(context: SignalRInvocationContext, text: string) {
    await this.clients.all.send("newMessage", memberOf(context), { kind: "everyone" }, text);
  }

  @parameters(shortName, messageText)
  async sendToGroup(context: SignalRInvocationContext, group: string, text: string) {
    await this.clients.group(group).send("newMessage", memberOf(context), { kind: "group", name: group }, text);
  }

  @parameters(shortName, messageText)
  async sendToUser(context: SignalRInvocationContext, userId: string, text: string) {
    if (!(await this.clientManager.userExists(userId))) throw new Error(`${userId} is not here.`);
    await this.clients.user(userId).send("newMessage", memberOf(context), { kind: "user", name: userId }, text);
  }

  @parameters(shortName, messageText)
  async sendToConnection(context: SignalRInvocationContext, connectionId: string, text: string) {
    if (!(await this.clientManager.connectionExists(connectionId))) throw new Error("There is no such connection.");
    const to = { kind: "connection", name: connectionId } as const;
    await this.clients.client(connectionId).send("newMessage", memberOf(context), to, text);
  }

  @filter(ownOrAdmin)
  @parameters(shortName, shortName)
  async joinGroup(_: SignalRInvocationContext, connectionId: string, group: string) {
    if (!(await this.groups.addToGroup(connectionId, group))) throw new Error("There is no such connection.");
  }

  @filter(ownOrAdmin)
  @parameters(shortName, shortName)
  async leaveGroup(_: SignalRInvocationContext, connectionId: string, group: string) {
    await this.groups.removeFromGroup(connectionId, group);
  }

  /** Their connections of later, too. */
  @filter(ownOrAdmin)
  @parameters(shortName, shortName)
  async joinUserToGroup(_: SignalRInvocationContext, userId: string, group: string) {
    await this.userGroups.addToGroup(userId, group);
  }

  @filter(ownOrAdmin)
  @parameters(shortName, shortName)
  async leaveUserFromGroup(_: SignalRInvocationContext, userId: string, group: string) {
    await this.userGroups.removeFromGroup(userId, group);
  }
}

addServerlessHub(Chat);

function memberOf({ connectionId, userId = "somebody" }: SignalRInvocationContext): Member {
  return { userId, connectionId };
}
