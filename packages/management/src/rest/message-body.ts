import { encode } from "@msgpack/msgpack";
import { type HubProtocolName, invocationPayload, ProtocolError, stringifyJson } from "@signalbox/protocol";
import { InvalidArgumentError } from "../errors.ts";

/** The body of a send, in one of the forms of reference serverless-upstream §4.4. */
export interface MessageBody {
  readonly contentType: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
}

/** Makes the body of a send. @throws {InvalidArgumentError} for arguments that cannot be encoded */
export type MessageEncoder = (target: string, args: readonly unknown[]) => MessageBody;

/** The service makes the frames of every protocol out of this. */
export const encodeAsJson: MessageEncoder = (target, args) => jsonBody({ target, arguments: args });

/** Frames of exactly these protocols, which the service passes on untouched. */
export function encodeAsFrames(protocols: readonly HubProtocolName[]): MessageEncoder {
  return (target, args) => {
    const payload = invocationPayload(target, args);
    const frames = encoded(() => Object.fromEntries(protocols.map((name) => [name, payload.bytes(name)])));
    return { contentType: "application/octet-stream", content: encode(frames) };
  };
}

/** @throws {InvalidArgumentError} */
export function jsonBody(value: unknown): MessageBody {
  return { contentType: "application/json", content: encoded(() => stringifyJson(value)) };
}

function encoded<T>(encode: () => T): T {
  try {
    return encode();
  } catch (cause) {
    if (cause instanceof ProtocolError) throw new InvalidArgumentError(cause.message, { cause });
    throw cause;
  }
}
