import { fromTypedData, type RpcHttp, type TypedData } from "../../contracts/typed-data.ts";
import { toSetCookie } from "./set-cookie.ts";
import { nameType } from "./unknown-type.ts";
import { toXml } from "./xml.ts";

const plainText = "text/plain; charset=utf-8";
/** Statuses whose answer has no body, by HTTP. */
const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);
/** Headers of one connection, and the length, which follows from the body. */
const notPassedOn: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * What the function answered, as HTTP (reference functions-host §2.2, result mapping).
 * @param value of the HTTP output; undefined or null: 204
 * @param accept the request's header, for content negotiation
 * @throws {TypeError | RangeError | SyntaxError} for headers, cookies, a status or JSON that cannot be sent
 */
export function toResponse(value: TypedData | undefined, accept: string | null): Response {
  if (value === undefined || fromTypedData(value) === null) return new Response(null, { status: 204 });
  const answer: RpcHttp = value.http ?? { body: value };
  const status = statusOf(answer.statusCode);
  const headers = new Headers();
  for (const [name, text] of Object.entries(answer.headers ?? {})) {
    // Line breaks and bytes beyond Latin-1 are refused by `Headers` itself.
    if (!notPassedOn.has(name.toLowerCase())) headers.append(name, text);
  }
  for (const cookie of answer.cookies ?? []) headers.append("set-cookie", toSetCookie(cookie));
  const body = bodyless.has(status) ? null : toBody(answer, headers, accept);
  return new Response(body, { status, headers });
}

/** The leading whole number; without one 200. */
function statusOf(text: string | undefined): number {
  const status = Number.parseInt(text ?? "", 10);
  if (Number.isNaN(status)) return 200;
  if (status < 200 || status > 599) throw new RangeError(`${status} is no status of an answer.`);
  return status;
}

function toBody(
  { body, enableContentNegotiation }: RpcHttp,
  headers: Headers,
  accept: string | null,
): Uint8Array<ArrayBuffer> | string | null {
  const value = body === undefined ? null : fromTypedData(body);
  if (value === null) return null;
  if (value instanceof Uint8Array) {
    nameType(headers, value);
    return new Uint8Array(value);
  }
  if (enableContentNegotiation === true && typeof value !== "string") return negotiated(value, headers, accept);
  if (!headers.has("content-type")) headers.set("content-type", plainText);
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function negotiated(value: unknown, headers: Headers, accept: string | null): string {
  const type = preferredType(accept);
  headers.set("content-type", `${type}; charset=utf-8`);
  return type === "application/json" ? JSON.stringify(value) : toXml(value);
}

/** JSON unless the caller names XML and ranks it higher. */
function preferredType(accept: string | null): "application/json" | "application/xml" | "text/xml" {
  let best: ReturnType<typeof preferredType> = "application/json";
  let bestQuality = 0;
  for (const range of (accept ?? "*/*").split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const given = parameters.find((parameter) => parameter.startsWith("q="));
    const quality = given === undefined ? 1 : Number(given.slice(2)) || 0;
    const type = name === "*/*" || name === "application/*" || name === "text/json" ? "application/json" : name;
    const known = type === "application/json" || type === "application/xml" || type === "text/xml";
    if (known && quality > bestQuality) {
      best = type;
      bestQuality = quality;
    }
  }
  return best;
}
