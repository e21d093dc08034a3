import { isIPv6 } from "node:net";
import { formatConnectionString } from "@signalbox/protocol";
import { isLoopback } from "@signalbox/transport";
import type { Settings } from "./settings.ts";

/**
 * The base URL, without a trailing slash, under which others reach a service that listens on `port`: the setting `endpoint`, or the
 * address listened on. A wildcard address has no name of its own and stands as localhost.
 */
export function publicEndpoint(settings: Settings, port: number): string {
  return (
    settings.endpoint ??
    new URL(`${settings.tls.cert === undefined ? "http" : "https"}://${hostOf(settings.ip)}:${port}`).origin
  );
}

/**
 * Whether the admin port speaks HTTPS: where TLS is set up and others than this machine reach it. On loopback health checks and
 * scrapers go on without certificates.
 */
export function adminIsSecure(settings: Settings): boolean {
  return settings.tls.cert !== undefined && !isLoopback(settings.adminIp);
}

/** The base URL, without a trailing slash, of the admin listener on `port`. */
export function adminEndpoint(settings: Settings, port: number): string {
  return `${adminIsSecure(settings) ? "https" : "http"}://${hostOf(settings.adminIp)}:${port}`;
}

/** The connection string that leads to such a service, with its primary key. */
export function connectionStringOf(settings: Settings, port: number): string {
  return formatConnectionString({ endpoint: publicEndpoint(settings, port), accessKey: settings.accessKeys.primary });
}

function hostOf(ip: string | undefined): string {
  if (ip === undefined || ip === "0.0.0.0" || ip === "::") return "localhost";
  return isIPv6(ip) ? `[${ip}]` : ip;
}
