export * from "./hub-protocol.ts";
export * from "./messages.ts";
