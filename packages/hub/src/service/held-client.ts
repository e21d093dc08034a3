import {
  type ClaimEntry,
  decodeConnectionClaims,
  noExpiry,
  type ServiceAckMessage,
  type ServiceMessage,
  ServiceMessageType,
} from "@signalbox/protocol";
import { DeliveryError } from "../hub/errors.ts";
import type { Acks } from "./acks.ts";
import type { EndpointLinks } from "./endpoint-links.ts";

/** A client that one of the endpoints has, whichever server serves it. */
export interface HeldClient {
  readonly endpoint: EndpointLinks;
  /** What its token said. */
  readonly claims: readonly ClaimEntry[];
}

/**
 * Asks every endpoint whose the connection is.
 * @returns undefined when all say that it is not theirs
 * @throws {DeliveryError} when none has it and some did not answer
 */
export async function findHeld(
  endpoints: readonly EndpointLinks[],
  acks: Acks,
  connectionToken: string,
): Promise<HeldClient | undefined> {
  const asked = endpoints.map(async (endpoint) => {
    const ack = await request(endpoint, acks, (ackId) => ({
      type: ServiceMessageType.GetConnectionClaims,
      connectionToken,
      ackId,
    }));
    if (ack === undefined) throw new DeliveryError("connectionNotFound", "The endpoint does not have the connection.");
    return { endpoint, claims: decodeConnectionClaims(ack.payload ?? new Uint8Array()) };
  });
  try {
    return await Promise.any(asked);
  } catch (error) {
    const failure = (error as AggregateError).errors.find(({ code }) => code !== "connectionNotFound");
    if (failure === undefined) return undefined;
    throw failure;
  }
}

/**
 * The service keeps the connection open for longer, and tells the server that has it of the claims.
 * @param expiresAt milliseconds since 1970
 * @returns false when the connection has ended
 * @throws {DeliveryError}
 */
export async function renewHeld(
  { endpoint }: HeldClient,
  acks: Acks,
  connectionToken: string,
  claims: readonly ClaimEntry[],
  expiresAt = noExpiry,
): Promise<boolean> {
  const ack = await request(endpoint, acks, (ackId) => ({
    type: ServiceMessageType.RefreshAuth,
    connectionToken,
    claims,
    expireTime: expiresAt,
    ackId,
  }));
  return ack !== undefined;
}

function request(
  endpoint: EndpointLinks,
  acks: Acks,
  message: (ackId: number) => ServiceMessage,
): Promise<ServiceAckMessage | undefined> {
  return acks.request((ackId) => {
    const link = endpoint.first;
    link?.send(message(ackId));
    return link === undefined ? 0 : 1;
  });
}
