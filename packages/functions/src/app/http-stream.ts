import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import type { InvocationError, InvocationResponse } from "../contracts/invocation.ts";

export interface StreamedInvocation {
  /** From `LoadedApp`. */
  readonly httpUri: string;
  readonly invocationId: string;
  /** The request as the client sent it; its body is not read yet. */
  readonly request: Request;
  /**
   * The same invocation, started with `{ http: {} }` as the trigger's value, and with trigger metadata that has `Headers` and `Query` (JSON
   * objects) and every route value: the library reads them there.
   */
  readonly invocation: Promise<InvocationResponse>;
}

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
]);
const connectAttempts = 10;

/**
 * Hands a request to an app that asked for HTTP streams, and gives the app's answer back, both unread (reference functions-host §1.5):
 *
 *   client ──▶ front ──── request with x-ms-invocation-id ────▶ the library's server ──┐ paired
 *                └─────── invoke (through the runner) ────────▶ handler ◀──────────────┘ by id
 *
 * Resolves with the error when the invocation fails before it began to answer. An answer whose invocation fails later breaks off.
 */
export async function streamInvocation(streamed: StreamedInvocation): Promise<Response | InvocationError> {
  const abort = new AbortController();
  const failed = streamed.invocation.then(({ error }) => {
    if (error !== undefined) abort.abort(new Error(error.message));
    return error;
  });
  try {
    const answered = forward(streamed, abort.signal);
    return await Promise.race([answered, failed.then(async (error) => error ?? (await answered))]);
  } catch (cause) {
    abort.abort();
    const message = `The app's HTTP stream failed: ${(cause as Error).message}`;
    return (await soon(failed)) ?? { failure: "function", name: "HttpStreamError", message };
  }
}

/** An error that is known now or within a moment; the socket of a process that dies breaks before its end is known. */
async function soon(failed: Promise<InvocationError | undefined>): Promise<InvocationError | undefined> {
  return await Promise.race([failed, new Promise<undefined>((resolve) => setTimeout(resolve, 1000, undefined).unref())]);
}

async function forward(streamed: StreamedInvocation, signal: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return toResponse(await send(streamed, signal));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED" || attempt === connectAttempts || signal.aborted)
        throw error;
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }
}

function send({ httpUri, invocationId, request }: StreamedInvocation, signal: AbortSignal): Promise<IncomingMessage> {
  const source = new URL(request.url);
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) if (!hopByHop.has(name)) headers[name] = value;
  headers["x-ms-invocation-id"] = invocationId;
  headers["x-forwarded-host"] = source.host;
  headers["x-forwarded-proto"] = source.protocol.replace(":", "");
  const target = new URL(httpUri);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: target.hostname,
        port: target.port,
        path: `${source.pathname}${source.search}`,
        method: request.method,
        headers,
        signal: AbortSignal.any([signal, request.signal]),
        agent: false,
      },
      resolve,
    );
    outgoing.on("error", reject);
    if (request.body === null) {
      outgoing.end();
      return;
    }
    // The body is read only after the connection stands, so that a refused connection can be tried again.
    outgoing.once("socket", (socket) =>
      socket.once("connect", () => {
        const body = Readable.fromWeb(request.body as unknown as NodeReadableStream);
        body.on("error", (error) => outgoing.destroy(error));
        body.pipe(outgoing);
      }),
    );
  });
}

function toResponse(incoming: IncomingMessage): Response {
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    const name = incoming.rawHeaders[at] as string;
    const lower = name.toLowerCase();
    if (!hopByHop.has(lower) && lower !== "x-ms-invocation-id") headers.append(name, incoming.rawHeaders[at + 1] as string);
  }
  const status = incoming.statusCode ?? 502;
  const empty = status === 204 || status === 205 || status === 304;
  if (empty) incoming.resume();
  return new Response(empty ? null : (Readable.toWeb(incoming) as unknown as ReadableStream), { status, headers });
}
