import type { RunningService } from "./service.ts";
import { signToken } from "./token.ts";
import { startUpstream, type Upstream, type UpstreamAnswer, type UpstreamRequest } from "./upstream.ts";

/**
 * An app behind raw WebSockets, in the manner of the chat room: who has a name in the query is let in, with `protocol1` and a first
 * message; messages are echoed in their kind.
 */
export function startRawApp(): Promise<Upstream> {
  return startUpstream(answerRaw);
}

export function answerRaw({ event, headers, body }: UpstreamRequest): UpstreamAnswer | undefined {
  switch (event) {
    case "connections/connect": {
      const name = new URLSearchParams(String(headers["x-asrs-client-query"] ?? "")).get("name");
      if (name === null) return { status: 401, body: "Who are you?" };
      const offered = headers["sec-websocket-protocol"] !== undefined;
      return {
        headers: { "x-asrs-user-id": name, ...(offered && { "Sec-WebSocket-Protocol": "protocol1" }) },
        body: JSON.stringify({ type: "connected", user: name, connection: headers["x-asrs-connection-id"] }),
      };
    }
    case "messages/message":
      return { headers: { "Content-Type": String(headers["content-type"]) }, body };
    default:
      return undefined;
  }
}

/** A back end that calls the REST API of raw WebSockets of May 2020, as `azure-websockets` does. */
export class RawRest {
  readonly #service: Pick<RunningService, "endpoint" | "accessKey">;
  readonly #hub: string;

  constructor(service: Pick<RunningService, "endpoint" | "accessKey">, hub: string) {
    this.#service = service;
    this.#hub = hub;
  }

  /**
   * @param path behind `/ws/api/v1/hubs/{hub}/`
   * @param text a message
   * @throws unless it succeeds
   */
  async must(method: string, path: string, text?: string): Promise<void> {
    const url = `${this.#service.endpoint}/ws/api/v1/hubs/${this.#hub}/${path}`;
    const authorization = `Bearer ${signToken({ aud: url }, this.#service.accessKey)}`;
    const headers = { Authorization: authorization, "Content-Type": "text/plain" };
    const response = await fetch(url, { method, headers, ...(text === undefined ? {} : { body: text }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
}
