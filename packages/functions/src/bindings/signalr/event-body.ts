import {
  decodeMessagePack,
  type HubProtocol,
  type HubProtocolName,
  jsonProtocol,
  MessageType,
  messagePackProtocol,
  ProtocolError,
  parseJson,
} from "@signalbox/protocol";
import { membersOf, textOf } from "../members.ts";

export interface Invocation {
  /** Absent: nobody waits for an answer. */
  readonly invocationId: string | undefined;
  readonly target: string;
  readonly arguments: readonly unknown[];
}

/** How the body of an upstream request is written, and with it the answer. */
export type BodyFormat = HubProtocolName;

/** @returns undefined for a media type that upstream requests do not have */
export function bodyFormat(contentType: string | null): BodyFormat | undefined {
  switch (contentType?.split(";", 1).join("").trim().toLowerCase()) {
    case "application/json":
      return "json";
    case "application/x-msgpack":
      return "messagepack";
    default:
      return undefined;
  }
}

export const protocols: Readonly<Record<BodyFormat, HubProtocol>> = { json: jsonProtocol, messagepack: messagePackProtocol };

/**
 * Reads an invocation without its frame (reference functions-host §2.5).
 * @throws {ProtocolError} for anything else
 */
export function readInvocation(format: BodyFormat, body: Uint8Array): Invocation {
  const { type, invocationId, target, args } = format === "json" ? jsonInvocation(body) : messagePackInvocation(body);
  if (type !== MessageType.Invocation) throw new ProtocolError("The body is not an invocation.");
  if (typeof target !== "string") throw new ProtocolError("The invocation has no target.");
  if (!Array.isArray(args)) throw new ProtocolError("The arguments of the invocation are not an array.");
  return { invocationId: textOf(invocationId), target, arguments: args };
}

/**
 * The error of a close message, which is all that the body of `disconnected` tells.
 * @returns null when there was none
 * @throws {ProtocolError} for a body that is no close message
 */
export function readCloseError(format: BodyFormat, body: Uint8Array): string | null {
  if (format === "json") {
    const close = membersOf(parseJson(textFrom(body)));
    if (close === undefined) throw new ProtocolError("The body is not a close message.");
    return textOf(close.get("error")) ?? null;
  }
  const close = decodeMessagePack(body);
  if (!Array.isArray(close)) throw new ProtocolError("The body is not a close message.");
  return textOf(close[1]) ?? null;
}

function jsonInvocation(body: Uint8Array) {
  const members = membersOf(parseJson(textFrom(body)));
  if (members === undefined) throw new ProtocolError("The body is not an invocation.");
  return {
    type: members.get("type"),
    invocationId: members.get("invocationid"),
    target: members.get("target"),
    args: members.get("arguments") ?? [],
  };
}

/** `[1, headers, invocationId, target, arguments]` */
function messagePackInvocation(body: Uint8Array) {
  const items = decodeMessagePack(body);
  if (!Array.isArray(items)) throw new ProtocolError("The body is not an invocation.");
  return { type: items[0], invocationId: items[2], target: items[3], args: items[4] };
}

/** A record separator at the end does no harm. */
function textFrom(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body.at(-1) === 0x1e ? body.subarray(0, -1) : body);
  } catch (cause) {
    throw new ProtocolError("The body is not UTF-8.", { cause });
  }
}
