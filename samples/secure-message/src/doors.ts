import type { IncomingMessage, ServerResponse } from "node:http";
import { hasApiKey } from "./api-key.ts";
import type { Delivery } from "./message-hub.ts";
import type { PageFile } from "./page.ts";
import type { Transactions } from "./transactions.ts";

export interface DoorOptions {
  readonly transactions: Transactions;
  readonly apiKey: string;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly deliver: (transactionId: string, message: string) => Promise<Delivery>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is not what its door takes. The message goes to the caller. */
class BadRequest extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** Bytes of a request body. */
const bodyLimit = 16_384;
/** Characters of a message. */
const messageLimit = 4_096;

/**
 * Everything that is not the hub:
 *
 *     POST /transactions   the page begins a transaction
 *     POST /test           the outside sends to a transaction's browser; needs the API key
 *     GET  /…              the page
 */
export function doors(options: DoorOptions): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const [path] = request.url!.split("?");
    const file = options.page.get(path!);
    if (file !== undefined && (request.method === "GET" || request.method === "HEAD")) {
      response.writeHead(200, file.headers).end(request.method === "GET" ? file.content : undefined);
      return;
    }
    const { status, body, headers } = await answer(options, path!, request).catch(failure);
    response.writeHead(status, { ...headers, "content-type": "application/json", "cache-control": "no-store" });
    response.end(`${JSON.stringify(body)}\n`);
  };
}

async function answer(options: DoorOptions, path: string, request: IncomingMessage): Promise<Answer> {
  if (path !== "/transactions" && path !== "/test") return problem(404, "There is nothing at this path.");
  if (request.method !== "POST") return { ...problem(405, "Only POST is answered here."), headers: { allow: "POST" } };
  if (path === "/transactions") return begin(options.transactions);
  if (!hasApiKey(request, options.apiKey))
    return { ...problem(401, "The API key is missing or wrong."), headers: { "www-authenticate": "Bearer" } };
  const { transactionId, message } = await readMessage(request);
  return outcomes[await options.deliver(transactionId, message)];
}

function begin(transactions: Transactions): Answer {
  const { id, expiresAt } = transactions.begin();
  // A duration, because the browser's clock may be wrong.
  return { status: 201, body: { transactionId: id, expiresInSeconds: Math.ceil((expiresAt.getTime() - Date.now()) / 1_000) } };
}

const outcomes: Readonly<Record<Delivery, Answer>> = {
  delivered: { status: 200, body: { delivered: true } },
  unknown: problem(404, "There is no such transaction, or it has expired."),
  absent: problem(404, "No browser is connected for this transaction now."),
  unconfirmed: problem(504, "The browser did not confirm the message; it may have shown it."),
  unavailable: problem(503, "This app server has lost the service. Ask it again later, or another one now."),
};

function problem(status: number, error: string): Answer {
  return { status, body: { error } };
}

function failure(error: unknown): Answer {
  if (error instanceof BadRequest) return { ...problem(error.status, error.message), headers: { connection: "close" } };
  console.error(error);
  return problem(500, "Something went wrong here.");
}

async function readMessage(request: IncomingMessage): Promise<{ readonly transactionId: string; readonly message: string }> {
  const { transactionId, message } = parseObject(await readBody(request));
  if (typeof transactionId !== "string") throw new BadRequest("transactionId must be a text.");
  if (typeof message !== "string" || message === "" || message.length > messageLimit)
    throw new BadRequest(`message must be a text of 1 to ${messageLimit} characters.`);
  return { transactionId, message };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadRequest("The body must be JSON.");
  }
  if (typeof value !== "object" || value === null) throw new BadRequest("The body must be a JSON object.");
  return value as Record<string, unknown>;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // A body that is too large is not read to its end, and its caller shall hear why: the socket stays for the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new BadRequest(`The body must not be larger than ${bodyLimit} bytes.`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
