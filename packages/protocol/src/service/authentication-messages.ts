import { extensions } from "./extensions.ts";
import { claims, integer, text, timestamp } from "./field.ts";
import { layout, type MessageOf } from "./layout.ts";

/*
 * A client's new token, handed in at its server, counts for the connection it has (layouts as `Microsoft.Azure.SignalR.Protocols` 1.34
 * writes them).
 */

/** .NET's greatest date, in milliseconds since 1970: no expiry. */
export const noExpiry = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A→S, answered by an Ack: the connection lives until `expireTime`. */
export const refreshAuth = layout(41, "RefreshAuth", {
  connectionToken: text,
  /** Empty: the claims stay as they are. */
  claims,
  expireTime: timestamp,
  ackId: integer,
  extensions: extensions(),
});
export type RefreshAuthMessage = MessageOf<typeof refreshAuth>;

/** A→S: who is this? The Ack's payload is the claims as `encodeConnectionClaims` writes them. */
export const getConnectionClaims = layout(42, "GetConnectionClaims", {
  connectionToken: text,
  ackId: integer,
  extensions: extensions(),
});
export type GetConnectionClaimsMessage = MessageOf<typeof getConnectionClaims>;

/** S→A: the client's claims are these from now on. */
export const updateConnectionClaims = layout(43, "UpdateConnectionClaims", {
  connectionId: text,
  claims,
  extensions: extensions(),
});
export type UpdateConnectionClaimsMessage = MessageOf<typeof updateConnectionClaims>;
