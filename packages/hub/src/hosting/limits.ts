import type { ConnectionLimits } from "@signalbox/transport";
import type { HubOptions } from "../options.ts";

/** ASP.NET Core's defaults (reference hub-and-service-protocol §1.7). */
export function limitsOf(options: HubOptions): ConnectionLimits {
  return {
    negotiateTimeout: 15_000,
    handshakeTimeout: options.handshakeTimeout ?? 15_000,
    keepAliveInterval: options.keepAliveInterval ?? 15_000,
    clientTimeout: options.clientTimeoutInterval ?? 30_000,
    maxLifetime: 0,
    maxMessageBytes: options.maximumReceiveMessageSize ?? 32_768,
    maxPendingBytes: options.maximumPendingBytes ?? 1_048_576,
    sendTimeout: options.transportSendTimeout ?? 10_000,
    reconnectBufferBytes: options.statefulReconnectBufferSize ?? 100_000,
    reconnectWindow: options.allowStatefulReconnects === true ? (options.statefulReconnectWindow ?? 30_000) : 0,
    pollTimeout: options.pollTimeout ?? 90_000,
    pollInterval: options.disconnectTimeout ?? 15_000,
  };
}
