import type { HubProtocol } from "./hub-protocol.ts";
import { jsonProtocol } from "./json-protocol.ts";
import { messagePackProtocol } from "./messagepack-protocol.ts";

/** The protocols by lower-case name. */
export const hubProtocols: ReadonlyMap<string, HubProtocol> = new Map<string, HubProtocol>([
  [jsonProtocol.name, jsonProtocol],
  [messagePackProtocol.name, messagePackProtocol],
]);
