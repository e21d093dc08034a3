import { type CloseMessage, type HubProtocol, MessageType, ProtocolError } from "@signalbox/protocol";
import type { UpstreamReply } from "./upstream-client.ts";

/** What a client gets for its invocation: framed records in its own protocol, in this order, and then perhaps the end. */
export interface ClientAnswer {
  readonly records: readonly Uint8Array[];
  /** The invocation is over; false only for a stream that goes on. */
  readonly completed: boolean;
  /** The upstream's answer ended with a Close record. */
  readonly close?: CloseMessage;
}

/**
 * The answer to an invocation that waits for one (reference serverless-upstream §1.6). Always completes it or ends the connection:
 * where the upstream leaves it open, with an error.
 */
export function invocationAnswer(protocol: HubProtocol, invocationId: string, reply: UpstreamReply): ClientAnswer {
  if (reply.status === 204) return empty(protocol, invocationId);
  if (reply.status !== 200) return failed(protocol, invocationId, `status code ${reply.status ?? 500}`);
  if (reply.failure !== undefined) return failed(protocol, invocationId, bodyFailure(reply.failure));
  if (reply.body.byteLength === 0) return empty(protocol, invocationId);
  return fromBody(protocol, invocationId, reply.body, true);
}

/**
 * The answer to a call that started a stream. Any 2xx keeps the stream open unless its body completes it; further items come through the
 * REST stream routes.
 */
export function streamAnswer(protocol: HubProtocol, invocationId: string, reply: UpstreamReply): ClientAnswer {
  const { status = 500, failure, body } = reply;
  if (status < 200 || status > 299) return failed(protocol, invocationId, `status code ${status}`);
  if (failure !== undefined) return failed(protocol, invocationId, bodyFailure(failure));
  return body.byteLength === 0 ? { records: [], completed: false } : fromBody(protocol, invocationId, body, false);
}

/** A completion that carries an error. */
export function failed(protocol: HubProtocol, invocationId: string, reason: string): ClientAnswer {
  return { records: [completion(protocol, invocationId, `Invocation failed, ${reason}`)], completed: true };
}

function empty(protocol: HubProtocol, invocationId: string): ClientAnswer {
  return { records: [completion(protocol, invocationId)], completed: true };
}

function completion(protocol: HubProtocol, invocationId: string, error?: string): Uint8Array {
  return protocol.encode({ type: MessageType.Completion, invocationId, error });
}

/** The emulator's texts. */
function bodyFailure({ kind, text }: NonNullable<UpstreamReply["failure"]>): string {
  if (kind === "too large") return "response too large.";
  if (kind === "time-out") return "response cancelled.";
  return `error: ${text}.`;
}

/**
 * Any records may be pushed beside the completion; their bytes go on untouched. All or nothing: one bad record, and the client sees only
 * the error.
 */
function fromBody(protocol: HubProtocol, invocationId: string, body: Uint8Array, mustComplete: boolean): ClientAnswer {
  const records: Uint8Array[] = [];
  let completed = false;
  try {
    for (const record of cut(protocol, body)) {
      const message = protocol.decode(record);
      if (message?.type === MessageType.Close) return { records, completed: true, close: message };
      if (message === undefined || message.type === MessageType.Ping) continue;
      if (!isForClients(message.type)) throw new ProtocolError(`A record of type ${message.type} is not for clients.`);
      completed ||= message.type === MessageType.Completion && message.invocationId === invocationId;
      records.push(record);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return failed(protocol, invocationId, `the answer of the upstream is not valid ${protocol.name}: ${error.message}`);
  }
  if (!completed && mustComplete) {
    records.push(completion(protocol, invocationId, "Invocation failed, the answer of the upstream does not complete it."));
  }
  return { records, completed: completed || mustComplete };
}

function cut(protocol: HubProtocol, body: Uint8Array): readonly Uint8Array[] {
  const reader = protocol.createReader(Number.POSITIVE_INFINITY);
  const records = reader.read(body);
  if (reader.pendingBytes > 0) throw new ProtocolError("The last record is not complete.");
  return records;
}

function isForClients(type: number): boolean {
  return type === MessageType.Invocation || type === MessageType.StreamItem || type === MessageType.Completion;
}
