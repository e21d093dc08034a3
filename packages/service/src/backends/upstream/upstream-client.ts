import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { urlToHttpOptions } from "node:url";
import { watchIdleClose } from "@signalbox/protocol";
import pLimit, { type LimitFunction } from "p-limit";

/** A socket that was idle this long is closed, before upstreams do it (most wait 5 s or more) and a call meets a closing one. */
const idleSocketMs = 4_000;
/** A body nobody reads is let run out up to this size, so that its socket can be used again; beyond, the socket is given up. */
const discardLimitBytes = 64 * 1024;

export interface UpstreamRequest {
  readonly url: URL;
  /** One character a byte. Asked when the call's turn has come. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body is wanted: of a 2xx answer, or of any. */
  readonly wantsBody: boolean | "of any status";
}

export interface UpstreamLimits {
  readonly timeoutMs: number;
  readonly responseLimitBytes: number;
  readonly concurrencyPerEndpoint: number;
  readonly waitingPerEndpoint: number;
  readonly maxRedirects: number;
}

/** How a call ended. */
export interface UpstreamReply {
  /** Undefined: no answer came; `failure` says why. */
  readonly status: number | undefined;
  /** Empty unless wanted and whole. */
  readonly body: Uint8Array;
  /** Why there is no answer or, with a status, why its wanted body is missing. */
  readonly failure: { readonly kind: "too large" | "time-out" | "error"; readonly text: string } | undefined;
  /** Of the answer, by lower-case name; one character a byte. */
  readonly headers: IncomingHttpHeaders;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
  /** Milliseconds from the assignment of the socket. */
  readonly durationMs: number;
}

/** One request of a call: the first, or one that a redirect asked for. */
interface Hop {
  readonly url: URL;
  readonly headers: UpstreamRequest["headers"];
  /** Undefined: a GET. */
  readonly body: Uint8Array | undefined;
  readonly timeoutMs: number;
  readonly wantsBody: UpstreamRequest["wantsBody"];
  readonly bodyLimitBytes: number;
}

/** A body up to this size goes out in one piece with its headers, bytes. */
const stringBodyBytes = 4096;

const noBytes = new Uint8Array();
const timeOut: UpstreamReply["failure"] = { kind: "time-out", text: "No complete answer within the time limit" };

/**
 * Posts to upstreams over kept-alive sockets, at most `concurrencyPerEndpoint` towards one origin. Node's own HTTP client rather than
 * `fetch`: a call costs a third of the CPU, the agent bounds and keeps the sockets, and nothing but our headers is sent.
 * Calls wait before the agent, not inside, where a waiting request has cost nearly all it ever will: thousands at once would stall the
 * process.
 */
export class UpstreamClient {
  /** By origin; only those with a call under way. */
  readonly #slots = new Map<string, LimitFunction>();
  readonly #http = new HttpAgent({ keepAlive: true, timeout: idleSocketMs });
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: idleSocketMs });

  /**
   * Posts and follows redirects as .NET's client does: 300 to 303 become a GET without a body, 307 and 308 repeat the request; never
   * from https to http (reference emulator-observed §5). Never rejects.
   */
  async post(request: UpstreamRequest, limits: UpstreamLimits): Promise<UpstreamReply> {
    this.#http.maxSockets = limits.concurrencyPerEndpoint;
    this.#https.maxSockets = limits.concurrencyPerEndpoint;
    let { url, headers } = request;
    let body: Uint8Array | undefined = request.body;
    let durationMs = 0;
    for (let redirects = 0; ; redirects += 1) {
      const timeoutMs = limits.timeoutMs - durationMs;
      const hop = { url, headers, body, timeoutMs, wantsBody: request.wantsBody, bodyLimitBytes: limits.responseLimitBytes };
      const reply = await this.#inTurn(url.origin, limits, () => this.#exchange(hop));
      durationMs += reply.durationMs;
      const next = redirects < limits.maxRedirects ? redirectTarget(reply, url) : undefined;
      if (next === undefined) return { ...reply, durationMs };
      if (reply.status! < 307 && body !== undefined) {
        body = undefined;
        const { "Content-Type": _, ...others } = headers();
        headers = () => others;
      }
      url = next;
    }
  }

  /** Clients that come and go in front of an upstream that hangs would otherwise queue without end. */
  async #inTurn(origin: string, limits: UpstreamLimits, call: () => Promise<UpstreamReply>): Promise<UpstreamReply> {
    const { concurrencyPerEndpoint: concurrency, waitingPerEndpoint } = limits;
    let slots = this.#slots.get(origin);
    if (slots === undefined) {
      slots = pLimit(concurrency);
      this.#slots.set(origin, slots);
    } else if (slots.concurrency !== concurrency) {
      slots.concurrency = concurrency;
    }
    if (slots.pendingCount >= waitingPerEndpoint) return noAnswer(`${waitingPerEndpoint} calls wait for this endpoint already`);
    try {
      return await slots(call);
    } finally {
      if (slots.activeCount === 0 && slots.pendingCount === 0) this.#slots.delete(origin);
    }
  }

  /**
   * One request and its answer; the request goes out again on a new connection where its upstream closed an idle one meanwhile.
   * Resolves when the socket is free again, or gone. Never rejects.
   * @param begunAt of the second time: when the first began
   */
  #exchange(hop: Hop, begunAt?: number): Promise<UpstreamReply> {
    const { url, headers, body, timeoutMs, wantsBody, bodyLimitBytes } = hop;
    return new Promise((resolve) => {
      const { secure, hostname, port, path, head } = endpointOf(url);
      const request = (secure ? httpsRequest : httpRequest)({
        method: body === undefined ? "GET" : "POST",
        hostname,
        port,
        path,
        agent: begunAt === undefined && (secure ? this.#https : this.#http),
        headers: headerList(head, headers(), body),
      });
      const isIdleClose = watchIdleClose(request);
      let startedAt = begunAt ?? performance.now();
      let timer: NodeJS.Timeout | undefined;
      let timedOut = false;
      /** Somebody else tells how it ends. */
      let passedOn = false;

      const settle = (reply: Omit<UpstreamReply, "durationMs">) => {
        clearTimeout(timer);
        const failure = timedOut && reply.failure !== undefined ? timeOut : reply.failure;
        resolve({ ...reply, failure, durationMs: performance.now() - startedAt });
      };
      request.on("socket", () => {
        startedAt = begunAt ?? performance.now();
        timer = setTimeout(() => {
          timedOut = true;
          request.destroy();
        }, timeoutMs);
      });
      request.on("response", (response) => {
        passedOn = true;
        receive(response, wantsBody, bodyLimitBytes, settle);
      });
      // Once an answer has begun, its own end tells.
      request.on("error", (error) => {
        if (passedOn) return;
        if (begunAt === undefined && !timedOut && isIdleClose(error)) {
          passedOn = true;
          clearTimeout(timer);
          resolve(this.#exchange({ ...hop, timeoutMs: timeoutMs - (performance.now() - startedAt) }, startedAt));
        } else settle(noAnswer(describe(error)));
      });
      // The last word of a request that ended without answer and without error: a switch of protocols nobody asked for.
      request.on("close", () => {
        if (!passedOn) settle(noAnswer("The upstream gave no HTTP answer"));
      });
      // As one string with the headers it is one write without a copy; beyond that size the string costs more than the write.
      if (body !== undefined && body.byteLength <= stringBodyBytes) request.end(latin1(body), "latin1");
      else request.end(body);
    });
  }
}

/** What every request to one URL has in common. */
interface Endpoint {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number | string | undefined;
  readonly path: string;
  /** Its first headers: name, value, and so on. */
  readonly head: readonly string[];
}

const endpoints = new WeakMap<URL, Endpoint>();

function endpointOf(url: URL): Endpoint {
  const known = endpoints.get(url);
  if (known !== undefined) return known;
  const { hostname, port, path, auth } = urlToHttpOptions(url);
  const credentials = auth == null ? [] : ["Authorization", `Basic ${Buffer.from(auth).toString("base64")}`];
  const endpoint = {
    secure: url.protocol === "https:",
    hostname: hostname!,
    port: port ?? undefined,
    path: path!,
    head: ["Host", url.host, ...credentials],
  };
  endpoints.set(url, endpoint);
  return endpoint;
}

/** As a list they go out as they are; of an object Node makes a table first. */
function headerList(
  head: readonly string[],
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | undefined,
): string[] {
  const list = [...head];
  for (const name in headers) list.push(name, headers[name]!);
  if (body !== undefined) list.push("Content-Length", String(body.byteLength));
  return list;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** What became of a call that got no answer. */
export function noAnswer(text: string): UpstreamReply {
  return {
    status: undefined,
    body: noBytes,
    failure: { kind: "error", text },
    headers: {},
    location: undefined,
    retryAfter: undefined,
    durationMs: 0,
  };
}

/** Reads an answer to its end. What happens to a body that nobody wants is no failure. */
function receive(
  response: IncomingMessage,
  wantsBody: UpstreamRequest["wantsBody"],
  limitBytes: number,
  done: (reply: Omit<UpstreamReply, "durationMs">) => void,
): void {
  const status = response.statusCode!;
  const wanted = wantsBody === "of any status" || (wantsBody && status >= 200 && status <= 299);
  const limit = wanted ? limitBytes : discardLimitBytes;
  const chunks: Uint8Array[] = [];
  let size = 0;
  const giveUp = () => {
    size = Number.POSITIVE_INFINITY;
    response.destroy();
  };
  response.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size > limit) giveUp();
    else if (wanted) chunks.push(chunk);
  });
  // Whatever cuts the answer short, `close` follows.
  response.on("error", () => {});
  response.on("close", () => {
    let failure: UpstreamReply["failure"];
    if (wanted && size > limit) failure = { kind: "too large", text: `The answer is larger than ${limit} bytes` };
    else if (wanted && !response.complete) failure = { kind: "error", text: "The answer ended before it was complete" };
    done({
      status,
      body: failure === undefined ? join(chunks) : noBytes,
      failure,
      headers: response.headers,
      location: response.headers.location,
      retryAfter: response.headers["retry-after"],
    });
  });
  if (Number(response.headers["content-length"] ?? 0) > limit) giveUp();
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function redirectTarget({ status, location }: UpstreamReply, from: URL): URL | undefined {
  if (location === undefined || status === undefined) return undefined;
  if (!((status >= 300 && status <= 303) || status === 307 || status === 308)) return undefined;
  const target = URL.parse(location, from);
  if (target?.protocol === "https:") return target;
  return target?.protocol === "http:" && from.protocol === "http:" ? target : undefined;
}

/** A host with several addresses fails with one error for each and no text of its own. */
function describe(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined;
  return inner?.message || error.message || error.name;
}
