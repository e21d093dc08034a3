import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Subject } from "@microsoft/signalr";
import { expect } from "vitest";
import type { HubClient, HubClientOptions } from "../hub-client.ts";
import type { HubServer } from "../hub-server.ts";
import type { Combination } from "../test-client.ts";

/** What a part of the suite works with: a server that runs, and one transport and protocol. */
export interface Stage {
  /** Known once the tests run. */
  readonly server: () => HubServer;
  readonly combination: Combination;
  readonly connect: (options?: HubClientOptions) => Promise<HubClient>;
}

/** A name that nobody else uses. */
export function unique(name: string): string {
  return `${name}-${crypto.randomUUID().slice(0, 8)}`;
}

/** What the hub heard of a connection. */
export async function journalOf(server: HubServer, connectionId: string): Promise<string[]> {
  return (await control(server, "GET", `/journal/${connectionId}`)).json() as Promise<string[]>;
}

/** Asks a door for tests. @throws when it does not answer 200 */
export async function control(server: HubServer, method: "GET" | "POST", path: string): Promise<Response> {
  const response = await fetch(`${server.controlUrl}${path}`, { method });
  expect(response.status, `${method} ${path}`).toBe(200);
  return response;
}

/** A stream that has all its items already, to be passed as an argument. */
export function upload(items: readonly unknown[], error?: string): Subject<unknown> {
  const subject = new Subject<unknown>();
  // The client subscribes while it sends the invocation.
  setTimeout(() => {
    for (const item of items) subject.next(item);
    if (error === undefined) subject.complete();
    else subject.error(new Error(error));
  }, 0);
  return subject;
}

/** An app whose answer to negotiate is: ask there. */
export async function startRedirects(target: string) {
  let count = 0;
  const server = createServer((_, response) => {
    count++;
    response.setHeader("Content-Type", "application/json").end(JSON.stringify({ url: target, availableTransports: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/anywhere`,
    /** How often it was asked. */
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
