import type { RunningService } from "./service.ts";
import { signToken } from "./token.ts";

/** A back end that calls the REST API of one hub, written from the public documentation. */
export class Rest {
  readonly #service: Pick<RunningService, "endpoint" | "accessKey">;
  readonly #hub: string;

  constructor(service: Pick<RunningService, "endpoint" | "accessKey">, hub: string) {
    this.#service = service;
    this.#hub = hub;
  }

  /**
   * @param path behind `/api/hubs/{hub}`, with a query of its own or none
   * @param body sent as JSON
   */
  call(method: string, path: string, body?: unknown): Promise<Response> {
    const url = new URL(`${this.#service.endpoint}/api/hubs/${this.#hub}${path}`);
    const token = signToken({ aud: `${url.origin}${url.pathname}` }, this.#service.accessKey);
    url.searchParams.set("api-version", "2024-12-01");
    return fetch(url, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** As `call`, for calls that must succeed. @returns the decoded body, undefined when it is empty */
  async must(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.call(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** @param receiver for example `/users/ann`; empty for all */
  async send(receiver: string, target: string, ...args: readonly unknown[]): Promise<void> {
    await this.must("POST", `${receiver}/:send`, { target, arguments: args });
  }
}
