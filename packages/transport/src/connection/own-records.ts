import { type CloseMessage, type HubProtocol, MessageType } from "@signalbox/protocol";
import type { CloseReason } from "./close-reason.ts";

let last: { protocol: HubProtocol; reason: CloseReason; text: string | undefined; record: Uint8Array } | undefined;

/**
 * The framed type-7 message of a reason. Closing many connections for one reason yields the same bytes for all of them.
 * @param text takes the place of the reason's own error text
 */
export function closeRecord(protocol: HubProtocol, reason: CloseReason, text: string | undefined): Uint8Array {
  if (last === undefined || last.protocol !== protocol || last.reason !== reason || last.text !== text) {
    last = { protocol, reason, text, record: protocol.encode(closeMessage(text ?? reason.error, reason.allowReconnect)) };
  }
  return last.record;
}

/** What a client reads when it ends a long-polling connection itself (emulator-observed §3). */
export function farewellRecord(protocol: HubProtocol): Uint8Array {
  return protocol.encode(closeMessage(undefined, true));
}

const pings = new Map<HubProtocol, Uint8Array>();

/** The same bytes for every connection of a protocol. */
export function pingRecord(protocol: HubProtocol): Uint8Array {
  let ping = pings.get(protocol);
  if (ping === undefined) {
    ping = protocol.encode({ type: MessageType.Ping });
    pings.set(protocol, ping);
  }
  return ping;
}

function closeMessage(error: string | undefined, allowReconnect: boolean): CloseMessage {
  return {
    type: MessageType.Close,
    ...(error === undefined ? undefined : { error }),
    ...(allowReconnect ? { allowReconnect } : undefined),
  };
}
