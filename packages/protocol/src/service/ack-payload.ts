import { ProtocolError } from "../hub-protocol.ts";
import { type ClaimEntry, claims, nullable, text } from "./field.ts";
import { MessagePackCursor } from "./messagepack-cursor.ts";
import { MessagePackSink } from "./messagepack-sink.ts";

/*
 * What the `payload` of an Ack holds, by the question (as `Microsoft.Azure.SignalR.Protocols` 1.34 reads it).
 */

/** Answer of a GroupMemberQuery. */
export interface GroupMemberPage {
  readonly members: readonly { readonly connectionId: string; readonly userId?: string | undefined }[];
  /** Absent: this was the last page. */
  readonly continuationToken?: string | undefined;
}

const optionalText = nullable(text);

export function encodeGroupMemberPage({ members, continuationToken }: GroupMemberPage): Uint8Array {
  const sink = new MessagePackSink();
  sink.array(2);
  sink.array(members.length);
  for (const { connectionId, userId } of members) {
    sink.array(2);
    sink.text(connectionId);
    optionalText.write(sink, userId);
  }
  optionalText.write(sink, continuationToken);
  return sink.take();
}

/** @throws {ProtocolError} */
export function decodeGroupMemberPage(payload: Uint8Array): GroupMemberPage {
  const cursor = new MessagePackCursor().reset(payload);
  expectItems(cursor.array(), 2);
  const members = [];
  for (let left = cursor.array(); left > 0; left--) {
    expectItems(cursor.array(), 2);
    members.push({ connectionId: cursor.text(), userId: optionalText.read(cursor) });
  }
  return { members, continuationToken: optionalText.read(cursor) };
}

/** Answer of GetConnectionClaims. */
export function encodeConnectionClaims(entries: readonly ClaimEntry[]): Uint8Array {
  const sink = new MessagePackSink();
  claims.write(sink, entries);
  return sink.take();
}

/** @throws {ProtocolError} */
export function decodeConnectionClaims(payload: Uint8Array): readonly ClaimEntry[] {
  return claims.read(new MessagePackCursor().reset(payload));
}

function expectItems(count: number, wanted: number): void {
  if (count !== wanted) throw new ProtocolError(`Expected a list of ${wanted} items, found ${count}.`);
}
