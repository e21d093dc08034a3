import { decodeMessagePack, ProtocolError, parseJson } from "@signalbox/protocol";
import { type BodyForm, type MediaType, mediaType } from "./media-type.ts";
import { BodyTooLargeError, type RestRequest } from "./request.ts";
import { invalid, RestError } from "./rest-error.ts";

export interface Body {
  readonly form: BodyForm;
  /** Decoded JSON or MessagePack. */
  readonly value: unknown;
}

/**
 * Reads and decodes the body of a request.
 * @param limit bytes
 * @param missing said of a body that is empty or, in JSON, `null`; undefined lets `null` pass
 * @throws {RestError} 415, 413, or 400 for what is not well-formed
 */
export async function readBody(
  request: RestRequest,
  accepted: readonly BodyForm[],
  limit: number,
  missing: string | undefined,
): Promise<Body> {
  const { media, bytes } = await readBytes(request, accepted, limit);
  return decodeBody(media, bytes, missing);
}

/**
 * Reads the body of a request as it is.
 * @param limit bytes
 * @throws {RestError} 415, 413
 */
export async function readBytes(
  request: RestRequest,
  accepted: readonly BodyForm[],
  limit: number,
): Promise<{ readonly media: MediaType; readonly bytes: Uint8Array }> {
  // Looked at first: a body of the wrong kind need not be read.
  const media = mediaType(request.header("content-type"), accepted);
  try {
    return { media, bytes: await request.body(limit) };
  } catch (error) {
    throw error instanceof BodyTooLargeError ? tooLarge(limit) : error;
  }
}

/** @param limit bytes */
export function tooLarge(limit: number): RestError {
  return new RestError("tooLarge", `The body is larger than ${limit} bytes.`);
}

/**
 * Decodes a body.
 * @param missing as `readBody`
 * @throws {RestError} 400 for what is not well-formed
 */
export function decodeBody(media: MediaType, bytes: Uint8Array, missing: string | undefined): Body {
  if (bytes.length === 0) throw invalid(missing ?? "The request needs a body.");
  const value = decode(media, bytes);
  if (value === null && missing !== undefined) throw invalid(missing);
  return { form: media.form, value };
}

function decode(media: MediaType, bytes: Uint8Array): unknown {
  try {
    return media.form === "json" ? parseJson(decodeText(bytes, media.charset)) : decodeMessagePack(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) throw invalid(`The body cannot be read: ${error.message}`);
    throw error;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The text of a body.
 * @throws {RestError} 400 for what is not valid in the charset, 415 for one that is not known
 */
export function decodeText(bytes: Uint8Array, charset: string): string {
  const decoder = charset === "utf-8" ? utf8 : decoderFor(charset);
  try {
    return decoder.decode(bytes);
  } catch {
    throw invalid(`The body is not valid ${charset}.`);
  }
}

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    throw new RestError("mediaType", `The charset '${charset}' is not known.`);
  }
}
