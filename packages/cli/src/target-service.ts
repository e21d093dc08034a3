import { type ConnectionString, parseConnectionString, signToken } from "@signalbox/protocol";
import { connectionStringOf, loadSettings } from "@signalbox/service";
import type { Command } from "commander";
import { Failure } from "./failure.ts";
import { addConfigOption } from "./settings-options.ts";

export interface TargetOptions {
  readonly connectionString?: string;
  readonly config?: string;
}

/** A service that a command talks to, with the key to do so. */
export type TargetService = ConnectionString & { readonly accessKey: string };

/** Adds `--connection-string` and `--config`. */
export function addTargetOptions(command: Command): Command {
  command.option(
    "--connection-string <text>",
    "the service to talk to (default: SIGNALBOX_CONNECTION_STRING, else the one that `signalbox start` runs with the settings found here)",
  );
  return addConfigOption(command);
}

/** The connection string that was given, by option or environment. */
export function givenConnectionString(options: TargetOptions): string | undefined {
  return options.connectionString ?? (process.env.SIGNALBOX_CONNECTION_STRING || undefined);
}

/**
 * The service that the options mean.
 * @throws {Failure | ConnectionStringError | SettingsError}
 */
export function targetService(options: TargetOptions): TargetService {
  const connection = parseConnectionString(givenConnectionString(options) ?? localConnectionString(options.config));
  const { accessKey } = connection;
  if (accessKey === undefined)
    throw new Failure("The connection string must hold an AccessKey: Entra identities are not supported here.");
  return { ...connection, accessKey };
}

function localConnectionString(config: string | undefined): string {
  const { settings } = loadSettings({ environment: process.env, ...(config === undefined ? {} : { config }) });
  if (settings.port === 0)
    throw new Failure("The settings here let the service pick a free port: give its --connection-string.");
  return connectionStringOf(settings, settings.port);
}

/**
 * Calls the REST API with a token for exactly this URL, valid a minute.
 * @param path with its query
 * @throws {Failure} when nothing answers within 10 s
 */
export async function callService(service: TargetService, path: string, init: RequestInit = {}): Promise<Response> {
  const url = new URL(`${service.serverEndpoint ?? service.endpoint}${path}`);
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${restToken(service, url.href, 60)}`);
  return request(url.href, { ...init, headers });
}

/**
 * A token for one REST URL: the audience is the URL without its query (reference serverless-upstream §4.3).
 * @param lifetime seconds
 */
export function restToken(service: TargetService, url: string, lifetime: number): string {
  const exp = Math.floor(Date.now() / 1000) + lifetime;
  return signToken({ exp, aud: url.replace(/[?#].*$/, "").replace(/\/+$/, "") }, { key: service.accessKey });
}

/** @throws {Failure} when nothing answers within 10 s */
export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    throw new Failure(
      `Nothing answers at ${new URL(url).origin} (${causeOf(error)}): is the service running? \`signalbox start\` starts one.`,
    );
  }
}

/** The reason at the bottom: fetch wraps it. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code } = cause as { code?: unknown };
  if (typeof code === "string") return code;
  return cause instanceof Error ? cause.message : String(cause);
}
