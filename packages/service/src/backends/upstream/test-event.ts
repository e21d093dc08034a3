import { randomUUID } from "node:crypto";
import { MessageType } from "@signalbox/protocol";
import type { Client } from "../../hub/hub-connection.ts";
import { upstreamHeaders } from "./headers.ts";
import type { UpstreamOptions } from "./options.ts";
import { signConnection } from "./signature.ts";
import type { UpstreamEventName } from "./template.ts";
import { UpstreamClient, type UpstreamReply } from "./upstream-client.ts";

/** An event that no client caused. */
export interface TestEvent extends UpstreamEventName {
  readonly userId?: string | undefined;
  /** Absent: what a client of SignalR causes, see {@link testBody}. */
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
}

/** What was sent, and what became of it. */
export interface TestOutcome {
  readonly sent: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  readonly reply: UpstreamReply;
}

/** Greatest answer that is shown, bytes. */
const answerLimitBytes = 64 * 1024;

/**
 * Sends test events: signed and with the headers of a real one, which they can be told from by a connection id that begins with `test-`.
 * One attempt; neither metrics nor the log hear of it.
 */
export class TestEventSender {
  readonly #client = new UpstreamClient();

  /** @param keys the access keys that sign, the primary first */
  async send(url: URL, event: TestEvent, keys: readonly string[], options: UpstreamOptions): Promise<TestOutcome> {
    const { userId, body = testBody(event), contentType = body === "" ? undefined : "application/json" } = event;
    const id = `test-${randomUUID()}`;
    const client: Client = { hub: event.hub.toLowerCase(), hubName: event.hub, userId, claims: [], query: "" };
    const { category, event: name } = event;
    const signature = signConnection(id, keys);
    const headers = upstreamHeaders(
      { id, client },
      { category, event: name, contentType, signature, idempotencyKey: randomUUID() },
    );
    const request = { url, headers: () => headers, body: Buffer.from(body), wantsBody: "of any status" } as const;
    const reply = await this.#client.post(request, {
      ...options,
      responseLimitBytes: Math.min(answerLimitBytes, options.responseLimitBytes),
    });
    return { sent: { headers, body }, reply };
  }
}

/** The body of such an event when a SignalR client with the JSON protocol causes it; empty for events that only others cause. */
function testBody({ category, event }: UpstreamEventName): string {
  if (category === "messages") return JSON.stringify({ type: MessageType.Invocation, target: event, arguments: ["test"] });
  if (event === "connected") return '{"type":10}';
  return event === "disconnected" ? '{"Type":11}' : "";
}
