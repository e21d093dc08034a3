import { type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { onTestFinished } from "vitest";
import { apiKey } from "./stage.ts";

/** A well-formed id that nobody was given. */
export const madeUp = "A".repeat(43);

/** What the outside service does. */
export function send(instance: string, transactionId: string, message: string): Promise<Response> {
  return call(instance, JSON.stringify({ transactionId, message }), { authorization: `Bearer ${apiKey}` });
}

export function call(instance: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${instance}/test`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

export async function begin(instance: string): Promise<string> {
  return (await (await fetch(`${instance}/transactions`, { method: "POST" })).json()).transactionId;
}

/** A client without a page, when it has been welcomed. @param receive what it does with a message; absent: it knows none */
export async function startClient(instance: string, id: string, receive?: () => unknown): Promise<HubConnection> {
  const connection = new HubConnectionBuilder()
    .withUrl(`${instance}/messages`, { accessTokenFactory: () => id })
    .configureLogging(LogLevel.None)
    .build();
  const welcomed = new Promise<void>((resolve) => connection.on("welcome", () => resolve()));
  if (receive !== undefined) connection.on("receive", receive);
  await connection.start();
  onTestFinished(() => connection.stop());
  await welcomed;
  return connection;
}

/** Status and body of an answer, as those below. */
export const outcome = async (response: Response) => [response.status, await response.json()];
export const delivered = [200, { delivered: true }];
export const unknown = [404, { error: "There is no such transaction, or it has expired." }];
export const unconfirmed = [504, { error: "The browser did not confirm the message; it may have shown it." }];
export const unavailable = [503, { error: "This app server has lost the service. Ask it again later, or another one now." }];
export const absent = [404, { error: "No browser is connected for this transaction now." }];
