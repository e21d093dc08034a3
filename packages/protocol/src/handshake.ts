import { type HubProtocol, ProtocolError, type TransferFormat } from "./hub-protocol.ts";
import { clientProtocols, hubProtocols } from "./hub-protocols.ts";
import { recordSeparator } from "./json-record.ts";
import { jsonTokenName, parseJson, stringifyJson } from "./json-text.ts";
import { PendingBytes } from "./pending-bytes.ts";
import { checkSize } from "./record-limit.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** What the client asked for, spelled as it did. */
export interface HandshakeRequest {
  readonly protocol: string;
  readonly version: number;
}

/**
 * Cuts the handshake record off the front of a byte stream. Always JSON ended by 0x1e, whatever protocol follows, so the hub
 * protocol's own reader must not see it, and this reader must not see what follows.
 */
export class HandshakeReader {
  readonly #limit: number;
  readonly #pending = new PendingBytes();

  /** @param limit greatest size of the record in bytes, separator included */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @returns undefined while the record is incomplete; then the record with its separator, and the bytes after it, which belong to the
   * hub protocol. Not to be called again after that.
   * @throws {MessageTooLargeError} as soon as the record exceeds the limit
   */
  read(chunk: Uint8Array): { readonly record: Uint8Array; readonly rest: Uint8Array } | undefined {
    const end = chunk.indexOf(recordSeparator) + 1;
    checkSize(this.#pending.length + (end === 0 ? chunk.length : end), this.#limit);
    if (end === 0) {
      this.#pending.append(chunk);
      return undefined;
    }
    const rest = chunk.subarray(end);
    if (this.#pending.length === 0) return { record: chunk.subarray(0, end), rest };
    this.#pending.append(chunk.subarray(0, end));
    return { record: this.#pending.take(), rest };
  }
}

/**
 * Reads a handshake record with its separator. Unknown members are ignored.
 * @throws {ProtocolError} whose message is the error text to answer (emulator-observed §2)
 */
export function parseHandshakeRequest(record: Uint8Array): HandshakeRequest {
  let text: string;
  let request: unknown;
  try {
    text = decodeUtf8(record.subarray(0, record.at(-1) === recordSeparator ? -1 : record.length));
    request = parseJson(text);
  } catch (cause) {
    throw unexpected(`JsonReaderException: ${(cause as ProtocolError).message}`, cause);
  }
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw unexpected(`InvalidDataException: Unexpected JSON Token Type '${jsonTokenName(request)}'. Expected a JSON Object.`);
  }
  const { protocol, version } = request as Record<string, unknown>;
  if (protocol !== undefined && typeof protocol !== "string") {
    throw unexpected("InvalidDataException: Expected 'protocol' to be of type String.");
  }
  if (version !== undefined && (typeof version !== "number" || !Number.isInteger(version))) {
    throw unexpected("InvalidDataException: Expected 'version' to be of type Integer.");
  }
  if (protocol === undefined) throw unexpected(`InvalidDataException: ${missing("protocol", text)}`);
  if (version === undefined) throw unexpected(`InvalidDataException: ${missing("version", text)}`);
  return { protocol, version };
}

/**
 * The protocol to speak from now on. Names are compared without case.
 * @param transferFormats what the transport can carry (server-sent events: text alone)
 * @throws {ProtocolError} whose message is the error text to answer (reference hub-and-service-protocol §2.1)
 */
export function negotiateProtocol(request: HandshakeRequest, transferFormats: readonly TransferFormat[]): HubProtocol {
  const protocol = clientProtocols.get(request.protocol.toLowerCase());
  if (protocol === undefined) throw unsupported(request.protocol);
  if (request.version > protocol.version) {
    throw new ProtocolError(`The server does not support version ${request.version} of the '${request.protocol}' protocol.`);
  }
  if (!transferFormats.includes(protocol.transferFormat)) {
    throw new ProtocolError(
      `Cannot use the '${protocol.name}' protocol on the current transport. ` +
        `The transport does not support '${protocol.transferFormat}' transfer format.`,
    );
  }
  return protocol;
}

/**
 * For whoever answers the client itself, and does not pass it on to an app server.
 * @throws {ProtocolError} as `negotiateProtocol`, for a protocol that is only passed on
 */
export function requireHubProtocol({ name }: HubProtocol): void {
  if (!hubProtocols.has(name)) throw unsupported(name);
}

function unsupported(name: string): ProtocolError {
  return new ProtocolError(`The protocol '${name}' is not supported.`);
}

const accepted = encodeUtf8("{}\u001e");

/** The answer, framed: `{}` or `{"error":…}`. After an error the server ends the connection without a close message. */
export function encodeHandshakeResponse(error?: string): Uint8Array {
  return error === undefined ? accepted : encodeUtf8(`${stringifyJson({ error })}\u001e`);
}

function unexpected(detail: string, cause?: unknown): ProtocolError {
  return new ProtocolError(`An unexpected error occurred during connection handshake. ${detail}`, { cause });
}

// The content is echoed to its sender; enough of it to recognise a client, not a way to have megabytes sent back.
const echoLimit = 500;

function missing(property: string, content: string): string {
  const echo = content.length > echoLimit ? `${content.slice(0, echoLimit)}…` : content;
  return `Missing required property '${property}'. Message content: ${echo}`;
}
