import type { ClientProtocolName, HubProtocol, HubProtocolName } from "./hub-protocol.ts";
import { jsonProtocol } from "./json-protocol.ts";
import { messagePackProtocol } from "./messagepack-protocol.ts";

/** The protocols that calls can be written in, by lower-case name. */
export const hubProtocols: ReadonlyMap<string, HubProtocol<HubProtocolName>> = byName(jsonProtocol, messagePackProtocol);

/**
 * Blazor Server's protocol: MessagePack under a name of its own, with few types of values, for calls that only its page and its server
 * understand.
 */
const blazorPackProtocol: HubProtocol<"blazorpack"> = { ...messagePackProtocol, name: "blazorpack" };

/** Everything that a client may speak when an app server answers it, by lower-case name. */
export const clientProtocols: ReadonlyMap<string, HubProtocol> = byName<ClientProtocolName>(
  ...hubProtocols.values(),
  blazorPackProtocol,
);

function byName<Name extends ClientProtocolName>(...protocols: readonly HubProtocol<Name>[]) {
  return new Map(protocols.map((protocol) => [protocol.name as string, protocol]));
}
