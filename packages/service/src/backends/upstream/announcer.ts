import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { FailureLog, shorten } from "./failure-log.ts";
import { type Announced, upstreamHeaders } from "./headers.ts";
import type { UpstreamCall, UpstreamObserver } from "./observer.ts";
import type { UpstreamOptions } from "./options.ts";
import { retryDelay } from "./retry.ts";
import { type Route, Routes } from "./routes.ts";
import { Signer } from "./signature.ts";
import { type UpstreamCategory, type UpstreamEventName, UpstreamUrlError } from "./template.ts";
import { noAnswer, UpstreamClient, type UpstreamReply, type UpstreamRequest } from "./upstream-client.ts";

export interface AnnouncerParts {
  /** Asked for each event. */
  readonly options: () => UpstreamOptions;
  /** The access keys that sign, the primary first. Asked for each event. */
  readonly keys: () => readonly string[];
  readonly log: Logger;
  readonly observer?: UpstreamObserver;
}

/** An event as the upstream hears of it. */
export interface Announcement {
  readonly category: UpstreamCategory;
  readonly event: string;
  /** Undefined: there is no body. */
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
  /** The client gets the body of the answer. */
  readonly wantsBody: UpstreamRequest["wantsBody"];
  /** Never repeated, whatever the settings say. */
  readonly once?: boolean;
  /** Further headers of the request, one character a byte. Asked for each attempt. */
  readonly headers?: () => Readonly<Record<string, string>>;
}

/** Tells upstreams: finds the template, signs, calls, repeats where the settings allow it, reports every attempt. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #client = new UpstreamClient();
  readonly #routes = new Routes();
  readonly #signer = new Signer();
  readonly #failures: FailureLog;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
    this.#failures = new FailureLog(parts.log);
  }

  /** @returns how the last attempt ended; undefined when no template matches */
  async announce(connection: Announced, announcement: Announcement): Promise<UpstreamReply | undefined> {
    const { category, event, body, wantsBody } = announcement;
    const options = this.#parts.options();
    const name = { hub: connection.client.hubName, category, event };
    let route: Route | undefined;
    try {
      route = this.#routes.find(options.templates, name);
    } catch (error) {
      if (!(error instanceof UpstreamUrlError)) throw error;
      this.#parts.log.warn({ ...name, event: shorten(event), connectionId: connection.id }, shorten(error.message));
      return noAnswer(error.message);
    }
    if (route === undefined) {
      this.nobodyHears(name);
      return undefined;
    }
    const { template, url, shownUrl } = route;
    const mayRepeat = !announcement.once && (category === "connections" || options.retry.messages);
    const attempts = mayRepeat ? options.retry.attempts : 1;
    const idempotencyKey = randomUUID();
    const headers = () => ({
      ...upstreamHeaders(connection, {
        category,
        event,
        contentType: announcement.contentType,
        signature: this.#signer.sign(connection.id, this.#parts.keys()),
        idempotencyKey,
      }),
      ...announcement.headers?.(),
    });
    for (let attempt = 1; ; attempt += 1) {
      const reply = await this.#client.post({ url, headers, body, wantsBody }, options);
      const retryInMs = attempt < attempts ? retryDelay(reply, attempt, options.retry) : undefined;
      this.#report({
        connectionId: connection.id,
        hub: connection.client.hub,
        category,
        event,
        template,
        url: shownUrl,
        status: reply.status,
        error: reply.failure?.text,
        durationMs: reply.durationMs,
        attempt,
        retryInMs,
      });
      if (retryInMs === undefined) return reply;
      await sleep(retryInMs);
    }
  }

  /** Reports an event that no template takes. */
  nobodyHears(event: UpstreamEventName): void {
    this.#parts.observer?.onUntaken(event);
  }

  /** Says what is left to say of calls that failed. */
  flush(): void {
    this.#failures.flush();
  }

  #report(call: UpstreamCall): void {
    this.#parts.observer?.onCall(call);
    const { status = 500, error } = call;
    if (status < 200 || status > 299 || error !== undefined) this.#failures.report(call);
  }
}
