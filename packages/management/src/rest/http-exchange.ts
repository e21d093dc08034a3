import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { watchIdleClose } from "@signalbox/protocol";

interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly text: string;
}

/** Asks over HTTP and reads the whole answer. Follows no redirect: it would carry the token elsewhere. Rejects when there is no answer. */
export type HttpExchange = (url: string, request: HttpRequest) => Promise<HttpAnswer>;

/** Over a `fetch` that the application brings. */
export function fetchExchange(fetch: typeof globalThis.fetch): HttpExchange {
  return async (url, { method, headers, body, signal }) => {
    const response = await fetch(url, { method, headers, signal, redirect: "manual", ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    return { status: response.status, header: (name) => response.headers.get(name) ?? undefined, text };
  };
}

/** Milliseconds that an unused connection is kept: less than servers keep theirs, so that none is used while it is being closed. */
const idleTimeout = 4_000;

/** Connections to one endpoint; calls beyond wait for one, within their time-out. */
const maxSockets = 256;

/**
 * Over `node:http`, which takes Node a fifth of the time that its `fetch` takes; connections are kept alive.
 * They hold no process back while nobody waits for an answer. A call that meets a connection which its server is closing goes out again.
 */
export function nodeExchange(): HttpExchange {
  const options = { keepAlive: true, timeout: idleTimeout, maxSockets };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);
  const exchange = (url: string, asked: HttpRequest, again: boolean): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const { method, headers, body, signal } = asked;
      const isSecure = url.startsWith("https:");
      const sized = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
      const options = { method, headers: { ...headers, ...sized }, signal, agent: !again && (isSecure ? https : http) };
      const request = (isSecure ? httpsRequest : httpRequest)(url, options, (response) => {
        readText(response).then(
          (text) => resolve({ status: response.statusCode!, header: (name) => headerOf(response, name), text }),
          reject,
        );
      });
      const isIdleClose = watchIdleClose(request);
      request.on("error", (error) => {
        if (again || signal.aborted || !isIdleClose(error)) reject(error);
        else resolve(exchange(url, asked, true));
      });
      request.end(body);
    });
  return (url, request) => exchange(url, request, false);
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += chunk;
  return text;
}

function headerOf(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
