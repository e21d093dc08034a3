// One instance of the app server: node src/main.ts --port 5080 --database secure-message.db
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { HubServer } from "@signalbox/hub";
import { parseConnectionString } from "@signalbox/protocol";
import { doors } from "./doors.ts";
import { authenticate, deliver, MessageHub } from "./message-hub.ts";
import { readPage } from "./page.ts";
import { Transactions } from "./transactions.ts";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "5080" },
    host: { type: "string", default: "localhost" },
    database: { type: "string", default: ":memory:" },
    /** Of a transaction, in seconds. */
    lifetime: { type: "string", default: "900" },
    /** Ends when standard input does: with whoever started this. */
    "until-stdin-ends": { type: "boolean", default: false },
  },
});
const apiKey = process.env.SECURE_MESSAGE_API_KEY;
if (!apiKey) throw new Error("SECURE_MESSAGE_API_KEY must hold the key that callers of /test show.");
/** Connection string of the service. Undefined: browsers connect to this process. */
const service = process.env.SIGNALBOX_CONNECTION_STRING || undefined;

const server = createServer();
await once(server.listen(Number(options.port), options.host), "listening");
const instance = `http://localhost:${(server.address() as AddressInfo).port}`;

const transactions = new Transactions(options.database, Number(options.lifetime) * 1_000);
const hubs = new HubServer({ service }).map("/messages", MessageHub, {
  authenticate: (request) => authenticate(transactions, request),
  create: () => new MessageHub(transactions, instance),
});
const { clients } = hubs.hub(MessageHub);
const others = doors({
  transactions,
  apiKey,
  page: readPage(fileURLToPath(new URL("../dist", import.meta.url)), service === undefined ? [] : [clientOrigin(service)]),
  deliver: (id, message) => deliver(transactions, clients, id, message),
});

const handler = hubs.handler();
server.on("request", (request, response) => handler(request, response, () => others(request, response)));
server.on("upgrade", (request, socket, head) => handler.upgrade(request, socket, head) || socket.destroy());
await hubs.start();
console.log(`Listening on ${instance}`);

const { promise: stopped, resolve: stop } = Promise.withResolvers<unknown>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
if (options["until-stdin-ends"]) process.stdin.resume().once("close", stop).unref();
await stopped;
server.close();
await hubs.close();
server.closeAllConnections();
transactions[Symbol.dispose]();

/** Where the service has its clients connect. */
function clientOrigin(connectionString: string): string {
  const { endpoint, clientEndpoint = endpoint } = parseConnectionString(connectionString);
  return new URL(clientEndpoint).origin;
}
