import type { HttpRequest } from "@azure/functions";
import {
  addServerlessHub,
  filter,
  hidden,
  parameters,
  requireClaim,
  ServerlessHub,
  type SignalRInvocationContext,
  signalRConnection,
} from "@signalbox/functions/serverless-hub";
import { z } from "zod";

interface ChatClient {
  joined(userId: string): void;
  left(userId: string): void;
  newMessage(from: string, text: string): void;
  confirm(question: string): Promise<boolean>;
}

/** A chat as a TypeScript app writes it whose compiler translates decorators. */
@signalRConnection("ChatConnection")
@filter(({ userId, functionContext }) => {
  functionContext.log(`an event of ${userId}`);
  if (userId === "eve") throw new Error("Nothing for eve.");
})
class Chat extends ServerlessHub<ChatClient> {
  override async onNegotiate(request: HttpRequest) {
    const userId = request.query.get("user");
    if (userId === null) return { status: 401, body: "Who are you?" };
    return this.negotiate({ userId, claims: { admin: request.query.has("admin") } });
  }

  async onConnected({ userId = "nobody" }: SignalRInvocationContext) {
    await this.clients.all.send("joined", userId);
  }

  async onDisconnected({ userId = "nobody" }: SignalRInvocationContext) {
    await this.clients.all.send("left", userId);
  }

  @filter(requireClaim("admin", true))
  async broadcast({ userId = "" }: SignalRInvocationContext, text: string) {
    await this.clients.all.send("newMessage", userId, text);
  }

  async sendToUser({ userId = "" }: SignalRInvocationContext, to: string, text: string) {
    await this.clients.user(to).send("newMessage", userId, text);
  }

  async sendToGroup({ userId = "", connectionId }: SignalRInvocationContext, group: string, text: string) {
    await this.clients.groupExcept(group, [connectionId]).send("newMessage", userId, text);
  }

  async joinGroup(_: SignalRInvocationContext, connectionId: string, group: string) {
    return this.groups.addToGroup(connectionId, group);
  }

  async leaveGroup(_: SignalRInvocationContext, connectionId: string, group: string) {
    await this.groups.removeFromGroup(connectionId, group);
  }

  async joinUserToGroup(_: SignalRInvocationContext, userId: string, group: string) {
    await this.userGroups.addToGroup(userId, group);
    return this.userGroups.isUserInGroup(userId, group);
  }

  async leaveUserFromGroup(_: SignalRInvocationContext, userId: string, group: string) {
    await this.userGroups.removeFromGroup(userId, group);
  }

  @parameters(z.number(), z.number())
  add(_: SignalRInvocationContext, a: number, b: number) {
    return { sum: a + b };
  }

  async ask(_: SignalRInvocationContext, connectionId: string) {
    return this.clients.client(connectionId).invoke("confirm", "Still there?");
  }

  async kick(_: SignalRInvocationContext, connectionId: string) {
    await this.clientManager.closeConnection(connectionId, "kicked");
  }

  fail() {
    throw new Error("not today");
  }

  @hidden
  forget() {
    throw new Error("A client called what is hidden.");
  }
}

addServerlessHub(Chat);
