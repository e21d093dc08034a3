import { randomInt } from "node:crypto";
import { HttpTransportType, type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { loadSettings, type Service, startService } from "@signalbox/service";
import pino from "pino";
import { LayeredSettings } from "../config/app-settings.ts";
import { BindingExpression, resolveSettingNames } from "../config/binding-expression.ts";
import type { BindingContext, BindingData, IndexingContext } from "../contracts/binding.ts";
import type { BindingDefinition } from "../contracts/function-definition.ts";

/** The real service on free ports. */
export function startRealService(flags: Readonly<Record<string, string | boolean>> = {}): Promise<Service> {
  const { settings } = loadSettings({ flags: { port: "0", adminPort: "0", ip: "127.0.0.1", inMemory: true, ...flags } });
  return startService(settings, { log: pino({ level: "silent" }) });
}

/** A port that the system gives nobody by itself, for a host whose address must be known before it is there. */
export function keptPort(): number {
  return randomInt(15_000, 30_000);
}

export function settingsOf(values: Readonly<Record<string, string>>): LayeredSettings {
  return new LayeredSettings({ environment: {}, local: { values, connectionStrings: {} } });
}

export function indexing(settings: LayeredSettings): IndexingContext {
  return { functionName: "f", settings, resolveSettings: (text) => resolveSettingNames(text, (name) => settings.get(name)) };
}

/** What the host gives a binding in an invocation. */
export function contextOf(settings: LayeredSettings, bindingData: BindingData = {}): BindingContext {
  const start = indexing(settings);
  return {
    ...start,
    invocationId: "00000000-0000-0000-0000-000000000000",
    bindingData,
    signal: new AbortController().signal,
    log: () => {},
    resolve: (text) => BindingExpression.parse(start.resolveSettings(text)).resolve({ data: bindingData, functionName: "f" }),
  };
}

export function binding(
  type: string,
  properties: Readonly<Record<string, unknown>>,
  direction: BindingDefinition["direction"] = "in",
): BindingDefinition {
  return { name: "b", type, direction, ...properties };
}

export interface RealClient {
  readonly connection: HubConnection;
  readonly id: string;
  /** Target and arguments of each call. */
  readonly calls: readonly unknown[][];
}

/** A client of the real SDK that writes down the calls of these targets. The caller stops it. */
export async function connectClient(
  { url, accessToken }: { readonly url: string; readonly accessToken: string },
  targets: readonly string[],
  protocol: "json" | "messagepack" = "json",
): Promise<RealClient> {
  const builder = new HubConnectionBuilder()
    .withUrl(url, { accessTokenFactory: () => accessToken })
    .configureLogging(LogLevel.None);
  const connection = (protocol === "json" ? builder : builder.withHubProtocol(new MessagePackHubProtocol())).build();
  const calls: unknown[][] = [];
  for (const target of targets) connection.on(target, (...args: unknown[]) => void calls.push([target, ...args]));
  await connection.start();
  return { connection, id: connection.connectionId!, calls };
}

/** A client that negotiates by itself, as the SDK tells nobody the connection token. The caller stops it. */
export async function connectByToken({ url, accessToken }: { readonly url: string; readonly accessToken: string }) {
  const negotiation = await fetch(url.replace("/?", "/negotiate?negotiateVersion=1&"), {
    method: "POST",
    headers: { Authorization: `Bearer ${accessToken}` },
  });
  const { connectionToken } = (await negotiation.json()) as { readonly connectionToken: string };
  const connection = new HubConnectionBuilder()
    .withUrl(`${url}&id=${connectionToken}`, {
      accessTokenFactory: () => accessToken,
      skipNegotiation: true,
      transport: HttpTransportType.WebSockets,
    })
    .configureLogging(LogLevel.None)
    .build();
  await connection.start();
  return { connection, connectionToken };
}
