import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { type Listener, listen } from "@signalbox/transport";
import { type Files, type Library, writeFiles } from "../../test/test-app.ts";
import { createAppHost } from "../app/node-app-host.ts";
import { LayeredSettings } from "../config/app-settings.ts";
import { parseHostJson } from "../config/host-json.ts";
import type { LogEvent } from "../contracts/invocation.ts";
import { BindingCatalogue } from "../host/binding-catalogue.ts";
import { indexFunctions } from "../host/function-index.ts";
import { Runner } from "../host/runner.ts";
import { createHttpFront, type HttpFront, type HttpFrontOptions } from "./http-front.ts";
import { Secrets } from "./keys/secrets.ts";
import { parseProxies } from "./proxies/proxies-file.ts";

export interface FrontSource {
  readonly files: Files;
  readonly library?: Library;
  readonly hostJson?: object;
  readonly settings?: Readonly<Record<string, string>>;
  readonly proxies?: object;
  readonly options?: Partial<Pick<HttpFrontOptions, "cors" | "enableAuth" | "identity" | "restart">>;
}

export interface StartedFront {
  readonly url: string;
  readonly front: HttpFront;
  readonly secrets: Secrets;
  readonly logs: readonly LogEvent[];
  readonly routes: ReturnType<HttpFront["load"]>;
  stop(): Promise<void>;
}

/** A function app in its own process behind the front, on a real port. */
export async function startFront(source: FrontSource): Promise<StartedFront> {
  const root = await mkdtemp(join(tmpdir(), "signalbox-front-"));
  await writeFiles(root, source.files);
  if (source.library !== undefined) {
    await mkdir(join(root, "node_modules/@azure"), { recursive: true });
    const installed = dirname(createRequire(import.meta.url).resolve(`${source.library}/package.json`));
    await symlink(installed, join(root, "node_modules/@azure/functions"), "junction");
  }
  const settings = new LayeredSettings({ environment: source.settings ?? {} });
  const hostConfig = parseHostJson(JSON.stringify({ version: "2.0", ...source.hostJson }));
  const logs: LogEvent[] = [];
  const log = (event: LogEvent) => logs.push(event);
  const app = createAppHost({ root, environment: { PATH: process.env.PATH ?? "", ...settings.entries() } });
  app.on("log", log);
  // No test here has a timer whose last run must be remembered.
  const timers = { read: async () => undefined, write: async () => {} };
  const catalogue = new BindingCatalogue(settings, hostConfig, timers, "test");
  const loaded = await app.start();
  const index = await indexFunctions(loaded.functions, catalogue, settings, hostConfig.functions);
  const secrets = await Secrets.open();
  let listener: Listener | undefined;
  const front = createHttpFront({
    hostConfig,
    settings,
    secrets,
    appRoot: root,
    version: "4.0.0-test",
    cors: { origins: [], credentials: false },
    enableAuth: false,
    proxies: parseProxies(source.proxies === undefined ? undefined : JSON.stringify(source.proxies)).proxies,
    identity: {},
    log,
    port: () => listener?.port,
    ...source.options,
  });
  const functions = index.functions.map(({ definition }) => definition);
  const { functionTimeout: timeoutMs, retry: defaultRetry } = hostConfig;
  const runner = new Runner({ app, catalogue, settings, functions, timeoutMs, defaultRetry, log });
  const routes = front.load({
    functions: index.functions,
    problems: [...loaded.problems, ...index.problems],
    runner,
    httpUri: loaded.httpUri,
  });
  listener = await listen({ port: 0, host: "127.0.0.1", maxHeaderBytes: 16_384, maxMessageBytes: 1024, handler: front });
  return {
    url: `http://127.0.0.1:${listener.port}`,
    front,
    secrets,
    logs,
    routes,
    async stop() {
      await listener?.close();
      await app.stop({ graceMs: 0 });
      await rm(root, { recursive: true, force: true });
    },
  };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends header names as written, and any method: what `fetch` does not. */
export function send(
  url: string,
  {
    method = "GET",
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string | string[]>; body?: string | Uint8Array } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = requestHttp(url, { method, headers, agent: false }, async (incoming) => {
      resolve({ status: incoming.statusCode!, headers: incoming.headers, text: await text(incoming) });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
