import type { BodyReader, HotReply, HotRequest } from "@signalbox/transport";
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { Version } from "./api-version.ts";
import type { Authentication, Pass } from "./authentication.ts";
import { tooLarge } from "./body.ts";
import { type MediaType, mediaType } from "./media-type.ts";
import type { MessageReader } from "./message.ts";
import { Query } from "./query.ts";
import { emptyReply, refusal, type TextReply } from "./reply.ts";
import { RestError } from "./rest-error.ts";
import { type Delivery, type RestHubs, type RestOptions, settleVersion } from "./route.ts";
import type { RouteTree } from "./route-tree.ts";
import { isPlain, splitTarget } from "./target.ts";

/** All that path and query say about a send. */
interface Address extends Delivery {
  readonly operation: string;
  readonly version: Version;
  readonly reader: MessageReader;
  readonly success: TextReply;
  /** Of the last caller. */
  pass: Pass | undefined;
}

/** Heap bytes, roughly, of what is remembered about targets. */
const maxRememberedBytes = 8 * 1024 * 1024;
const heapBytes = (_: Address, target: string) => 1024 + 2 * target.length;

export interface HotSendsOptions {
  readonly tree: RouteTree;
  readonly hubs: RestHubs;
  readonly authentication: Authentication;
  /** Read at each use. */
  readonly options: () => RestOptions;
  readonly log: Logger;
}

/**
 * The short way of sends, for which the service spends most of its time: no `Request`, no promise, and what a target means is worked out
 * once. It answers as the long way does.
 *
 *     target ──(remembered)──▶ address ──▶ token ──▶ content type ──▶ body, read by the listener ──▶ message ──▶ hub
 *        └── not a send, or not a good one: the long way
 */
export class HotSends {
  readonly #options: HotSendsOptions;
  readonly #addresses = new LRUCache<string, Address>({ maxSize: maxRememberedBytes, sizeCalculation: heapBytes });

  constructor(options: HotSendsOptions) {
    this.#options = options;
  }

  take(request: HotRequest): HotReply | BodyReader | undefined {
    // What browsers send needs CORS headers.
    if (request.method !== "POST" || request.header("origin") !== undefined) return undefined;
    const { target } = request;
    const remembered = this.#addresses.get(target);
    const address = remembered ?? this.#resolve(target);
    if (address === undefined) return undefined;
    const pass = this.#options.authentication.admit(request, address.pass);
    if ("status" in pass) return pass;
    address.pass = pass;
    // Only now: who has no token cannot fill the memory.
    if (remembered === undefined) this.#addresses.set(target, address);
    try {
      const media = mediaType(request.header("content-type"), address.reader.forms);
      return new HotSend(this, address, media, this.#options.options().maxBodyBytes);
    } catch (error) {
      return this.refuse(address, error);
    }
  }

  send({ hub, audience, except, reader }: Address, media: MediaType, body: Uint8Array): void {
    this.#options.hubs.send(hub, { do: "send", audience, except, payload: reader.decode(media, body) });
  }

  refuse({ operation, version }: Address, error: unknown): TextReply {
    if (error instanceof RestError) return refusal(error, operation, version, this.#options.log);
    throw error;
  }

  #resolve(target: string): Address | undefined {
    if (!isPlain(target)) return undefined;
    const { segments, query: rawQuery } = splitTarget(target);
    const match = segments && this.#options.tree.find(segments);
    const route = match?.leaf.routes.get("POST");
    if (match === undefined || route?.send === undefined) return undefined;
    const { leaf, path } = match;
    const query = new Query(rawQuery);
    try {
      const version = settleVersion(route, leaf.family, query);
      const { hub, audience, except } = route.send.deliveryOf(path, query);
      const { reader } = route.send;
      const success = emptyReply(route.served[leaf.family]!.status);
      return { hub, audience, except, operation: route.operation, version, reader, success, pass: undefined };
    } catch (error) {
      if (error instanceof RestError) return undefined;
      throw error;
    }
  }
}

/** A send that waits for its body. */
class HotSend implements BodyReader {
  readonly limit: number;
  readonly #sends: HotSends;
  readonly #address: Address;
  readonly #media: MediaType;

  constructor(sends: HotSends, address: Address, media: MediaType, limit: number) {
    this.#sends = sends;
    this.#address = address;
    this.#media = media;
    this.limit = limit;
  }

  answer(body: Uint8Array): HotReply {
    try {
      this.#sends.send(this.#address, this.#media, body);
    } catch (error) {
      return this.#sends.refuse(this.#address, error);
    }
    return this.#address.success;
  }

  tooLarge(): HotReply {
    return this.#sends.refuse(this.#address, tooLarge(this.limit));
  }
}
