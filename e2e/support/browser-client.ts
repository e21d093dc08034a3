import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type * as SignalR from "@microsoft/signalr";
import type * as SignalRMessagePack from "@microsoft/signalr-protocol-msgpack";
import type { Browser, Page, Worker } from "playwright-core";
import { browserSockets } from "./browser-socket.ts";
import { launchChromium } from "./chromium.ts";
import type { OpenRawSocket } from "./raw-socket.suite.ts";
import { root } from "./repository.ts";
import type { ClientOptions, ConnectClient, StreamOutcome } from "./test-client.ts";

/** What the two scripts define on the page or in the worker; the protocol's bundle puts itself under its own name beneath `signalR`. */
declare const signalR: typeof SignalR & { readonly protocols: { readonly msgpack: typeof SignalRMessagePack } };

/** One client as the page keeps it. */
interface PageClient {
  readonly connection: SignalR.HubConnection;
  readonly messages: unknown[][];
  readonly reconnections: string[];
  closed: string | undefined;
}

declare const clients: Map<string, PageClient>;
declare global {
  var worker: InstanceType<typeof globalThis.Worker>;
}

const scripts = {
  "/signalr.js": "node_modules/@microsoft/signalr/dist/browser/signalr.js",
  "/signalr-protocol-msgpack.js": "node_modules/@microsoft/signalr-protocol-msgpack/dist/browser/signalr-protocol-msgpack.js",
};
const workerScripts = {
  "/worker/signalr.js": "node_modules/@microsoft/signalr/dist/webworker/signalr.js",
  "/worker/signalr-protocol-msgpack.js": scripts["/signalr-protocol-msgpack.js"],
};
const files: Readonly<Record<string, string>> = { ...scripts, ...workerScripts };

/** What a page and a worker have in common. */
type Surroundings = Pick<Worker, "evaluate">;

/** A Chromium with one page, on another origin than any service, so that every request of a client is a cross-origin one. */
export interface ClientBrowser {
  readonly connect: ConnectClient;
  /** The same in a web worker of the page. */
  readonly connectInWorker: ConnectClient;
  /** The same on a page without `fetch`, where the client makes its requests by XMLHttpRequest. */
  readonly connectByXhr: ConnectClient;
  readonly openRaw: OpenRawSocket;
  close(): Promise<void>;
}

/** @param executablePath of Chromium or Chrome */
export async function launchBrowser(executablePath: string): Promise<ClientBrowser> {
  const pages = await servePages();
  const browser = await launchChromium(executablePath);
  const page = await browser.newPage();
  await page.goto(pages.origin);
  const old = await browser.newPage();
  await old.addInitScript(() => Reflect.deleteProperty(globalThis, "fetch"));
  await old.goto(pages.origin);
  const worker = await startWorker(page);
  return {
    connect: (options) => connect(page, options),
    connectInWorker: (options) => connect(worker, options),
    connectByXhr: (options) => connect(old, options),
    openRaw: browserSockets(page),
    close: () => end(browser, pages),
  };
}

async function startWorker(page: Page): Promise<Worker> {
  await page.evaluate(() => {
    // Somebody has to hold on to it.
    globalThis.worker = new Worker("/worker.js");
    return new Promise((resolve, reject) => {
      globalThis.worker.onmessage = resolve;
      globalThis.worker.onerror = ({ message }) => reject(new Error(message));
    });
  });
  return page.workers()[0]!;
}

async function end(browser: Browser, pages: PageServer): Promise<void> {
  await browser.close();
  await pages.close();
}

interface PageServer {
  readonly origin: string;
  close(): Promise<void>;
}

async function servePages(): Promise<PageServer> {
  const tags = Object.keys(scripts).map((path) => `<script src="${path}"></script>`);
  const server = createServer((request, response) => {
    const script = files[request.url!];
    if (script !== undefined) response.setHeader("Content-Type", "text/javascript").end(readFileSync(join(root, script)));
    else if (request.url === "/worker.js")
      response
        .setHeader("Content-Type", "text/javascript")
        .end(
          `importScripts(${Object.keys(workerScripts).map((path) => `"${path}"`)}); globalThis.clients = new Map(); postMessage("ready");`,
        );
    else
      response
        .setHeader("Content-Type", "text/html")
        .end(`<!doctype html><meta charset="utf-8">${tags.join("")}<script>globalThis.clients = new Map();</script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function connect(page: Surroundings, options: ClientOptions): Promise<Awaited<ReturnType<ConnectClient>>> {
  const key = crypto.randomUUID();
  const connectionId = await page.evaluate(start, { key, ...options });
  return {
    connectionId,
    messages: () => page.evaluate((key) => clients.get(key)!.messages, key),
    reconnections: () => page.evaluate((key) => clients.get(key)!.reconnections, key),
    invoke: (target, ...args) =>
      page.evaluate(({ key, target, args }) => clients.get(key)!.connection.invoke(target, ...args), { key, target, args }),
    send: (target, ...args) =>
      page.evaluate(({ key, target, args }) => clients.get(key)!.connection.send(target, ...args), { key, target, args }),
    stream: (target, ...args) => page.evaluate(collect, { key, target, args }),
    closed: () => page.evaluate((key) => clients.get(key)!.closed, key),
    stop: () => page.evaluate((key) => clients.get(key)!.connection.stop(), key),
  };
}

/** Runs in the page or in the worker. */
async function start({
  key,
  url,
  accessToken,
  transport,
  protocol,
  reconnect,
  headers = {},
  withCredentials = true,
}: ClientOptions & { readonly key: string }): Promise<string> {
  const builder = new signalR.HubConnectionBuilder().withUrl(url, {
    transport: signalR.HttpTransportType[transport],
    accessTokenFactory: () => accessToken,
    headers,
    withCredentials,
  });
  if (protocol === "messagepack") builder.withHubProtocol(new signalR.protocols.msgpack.MessagePackHubProtocol());
  if (reconnect === "automatic") builder.withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 100 });
  if (reconnect === "stateful") builder.withStatefulReconnect();
  const client: PageClient = { connection: builder.build(), messages: [], reconnections: [], closed: undefined };
  clients.set(key, client);
  client.connection.on("message", (...args) => {
    client.messages.push(args);
  });
  client.connection.on("double", (number: number) => number * 2);
  client.connection.on("fail", () => {
    throw new Error("the client failed");
  });
  client.connection.onreconnected((id) => {
    client.reconnections.push(id!);
  });
  client.connection.onclose((error) => {
    client.closed = error?.message ?? "";
  });
  await client.connection.start();
  return client.connection.connectionId!;
}

/** Runs in the page or in the worker. */
function collect({
  key,
  target,
  args,
}: {
  readonly key: string;
  readonly target: string;
  readonly args: readonly unknown[];
}): Promise<StreamOutcome> {
  const items: unknown[] = [];
  return new Promise((resolve) => {
    clients
      .get(key)!
      .connection.stream(target, ...args)
      .subscribe({
        next: (item) => items.push(item),
        complete: () => resolve({ items, error: undefined }),
        error: (error: Error) => resolve({ items, error: error.message }),
      });
  });
}
