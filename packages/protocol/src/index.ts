export * from "./handshake.ts";
export * from "./hub-protocol.ts";
export { hubProtocols } from "./hub-protocols.ts";
export { jsonProtocol } from "./json-protocol.ts";
export { parseJson, stringifyJson } from "./json-text.ts";
export { messagePackProtocol } from "./messagepack-protocol.ts";
export { decodeMessagePack } from "./messagepack-value.ts";
export * from "./messages.ts";
export * from "./payload.ts";
