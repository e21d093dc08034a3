// The hub that the client suites run against (contract: test-hub.md), in TypeScript: self-hosted, or with --service CONNECTION-STRING
// behind the service, or behind several when it is given several times.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import {
  type ClientRequest,
  Hub,
  type HubCallerContext,
  HubException,
  type HubMethodOptions,
  HubServer,
  type HubServerOptions,
} from "@signalbox/hub";

const { values: args } = parseArgs({
  options: {
    service: { type: "string", multiple: true },
    name: { type: "string", default: "app server" },
    "server-connections": { type: "string", default: "2" },
    application: { type: "string" },
    sticky: { type: "string", default: "Disabled" },
    "graceful-shutdown": { type: "string", default: "Off" },
  },
});

const journals = new Map<string, string[]>();
const gates = new Map<string, PromiseWithResolvers<void>>();
const tokens = new Map<string, string>();

function note(connectionId: string, entry: string): void {
  journals.set(connectionId, [...(journals.get(connectionId) ?? []), entry]);
}

function gate(name: string): PromiseWithResolvers<void> {
  const found = gates.get(name) ?? Promise.withResolvers<void>();
  gates.set(name, found);
  return found;
}

interface Parcel {
  readonly Text: string;
  readonly Bytes: unknown;
  readonly Time: unknown;
}

interface TestClient {
  message(value: unknown): void;
  MESSAGE(text: string): void;
  ask(question: string): Promise<string>;
  never(): Promise<string>;
}

const claimsOf = (context: HubCallerContext, name: string) => [context.user?.claims?.[name] ?? []].flat();

class TestHub extends Hub<TestClient> {
  static override readonly methods = {
    AdminOnly: { authorize: (context) => claimsOf(context, "role").includes("admin") },
    Concat: { streams: [0] },
    Sums: { streams: [0, 2] },
    Doubled: { streams: [0] },
    EndOf: { streams: [0] },
  } satisfies HubMethodOptions<TestHub>;

  override async onConnected() {
    const { query } = this.context.features;
    const refuse = query.get("refuse");
    if (refuse !== null) throw new HubException(refuse);
    note(this.context.connectionId, "connected");
    const greeting = query.get("greet");
    if (greeting !== null) await this.clients.caller.message(greeting);
  }

  override onDisconnected(error?: Error) {
    note(this.context.connectionId, error === undefined ? "disconnected" : `disconnected: ${error.message}`);
  }

  // Calls

  Echo(value: unknown) {
    return value;
  }

  Add(first: number, second: number) {
    return first + second;
  }

  async Nothing() {}

  EchoParcel(parcel: Parcel) {
    return parcel;
  }

  SendParcel(parcel: Parcel) {
    return this.clients.caller.message(parcel);
  }

  Refuse(text: string) {
    throw new HubException(text);
  }

  Crash(text: string) {
    throw new Error(text);
  }

  Wait(name: string) {
    return gate(name).promise;
  }

  Open(name: string) {
    gate(name).resolve();
  }

  AdminOnly() {
    return "welcome";
  }

  // Who and where

  ConnectionId() {
    return this.context.connectionId;
  }

  UserId() {
    return this.context.userIdentifier;
  }

  Teams() {
    return claimsOf(this.context, "team");
  }

  QueryValue(name: string) {
    return this.context.features.query.get(name);
  }

  Header(name: string) {
    return this.context.features.headers.get(name.toLowerCase());
  }

  RemoteAddress() {
    return this.context.features.remoteAddress;
  }

  Server() {
    return args.name;
  }

  NextNumber() {
    const { items } = this.context;
    const number = ((items.get("number") as number | undefined) ?? 0) + 1;
    items.set("number", number);
    return number;
  }

  Abort() {
    this.context.abort();
  }

  // Sends

  SendToAll(text: string) {
    return this.clients.all.message(text);
  }

  SendToAllExcept(connectionIds: string[], text: string) {
    return this.clients.allExcept(connectionIds).message(text);
  }

  SendToCaller(text: string) {
    return this.clients.caller.message(text);
  }

  SendToOthers(text: string) {
    return this.clients.others.message(text);
  }

  SendToClient(connectionId: string, text: string) {
    return this.clients.client(connectionId).message(text);
  }

  SendToClients(connectionIds: string[], text: string) {
    return this.clients.clients(connectionIds).message(text);
  }

  SendToUser(user: string, text: string) {
    return this.clients.user(user).message(text);
  }

  SendToUsers(users: string[], text: string) {
    return this.clients.users(users).message(text);
  }

  SendToGroup(group: string, text: string) {
    return this.clients.group(group).message(text);
  }

  SendToGroups(groups: string[], text: string) {
    return this.clients.groups(groups).message(text);
  }

  SendToGroupExcept(group: string, connectionIds: string[], text: string) {
    return this.clients.groupExcept(group, connectionIds).message(text);
  }

  SendToOthersInGroup(group: string, text: string) {
    return this.clients.othersInGroup(group).message(text);
  }

  Join(group: string) {
    return this.groups.add(this.context.connectionId, group);
  }

  Leave(group: string) {
    return this.groups.remove(this.context.connectionId, group);
  }

  async SendNumbers(count: number) {
    for (let number = 1; number <= count; number++) await this.clients.caller.message(number);
  }

  SendNumbersLater(count: number) {
    setTimeout(() => this.SendNumbers(count), 10);
  }

  SendShouting(text: string) {
    return this.clients.caller.MESSAGE(text);
  }

  // Streams from the server

  async *Count(count: number) {
    for (let number = 1; number <= count; number++) yield number;
  }

  Letters() {
    return new ReadableStream<string>({
      start(controller) {
        for (const letter of ["a", "b", "c"]) controller.enqueue(letter);
        controller.close();
      },
    });
  }

  RefuseToStream(text: string): AsyncIterable<number> {
    throw new HubException(text);
  }

  async *FailAfter(count: number, text: string) {
    yield* this.Count(count);
    throw new HubException(text);
  }

  async *Forever() {
    const { signal } = this;
    const { caller } = this.clients;
    try {
      for (let number = 1; !signal.aborted; number++) {
        yield number;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      await caller.message("the stream was cancelled");
    }
  }

  // Streams from the client

  async Concat(parts: AsyncIterable<string>) {
    let text = "";
    for await (const part of parts) text += part;
    return text;
  }

  async Sums(first: AsyncIterable<number>, factor: number, second: AsyncIterable<number>) {
    const sums = [0, 0] as [number, number];
    for await (const number of first) sums[0] += number;
    for await (const number of second) sums[1] += number;
    return sums.map((sum) => sum * factor);
  }

  async *Doubled(numbers: AsyncIterable<number>) {
    for await (const number of numbers) yield number * 2;
  }

  async EndOf(numbers: AsyncIterable<number>) {
    try {
      for await (const _ of numbers);
      return "complete";
    } catch (error) {
      return (error as Error).message;
    }
  }

  // Client results

  AskCaller(question: string) {
    return this.clients.caller.invoke("ask", question);
  }

  AskClient(connectionId: string, question: string) {
    return this.clients.client(connectionId).invoke("ask", question);
  }

  ErrorOfAsking(connectionId: string, question: string) {
    return this.AskClient(connectionId, question).catch((error: Error) => `error: ${error.message}`);
  }

  async AskInVain() {
    const impatience = AbortSignal.timeout(300);
    try {
      return await this.clients.caller.invoke("never", impatience);
    } catch (error) {
      return impatience.aborted ? `cancelled: ${(error as Error).message}` : `error: ${(error as Error).message}`;
    }
  }
}

class NoWebSocketsHub extends TestHub {}

class AuthorizedHub extends Hub {
  UserId() {
    return this.context.userIdentifier;
  }
}

class QuietHub extends Hub {
  Crash(text: string) {
    throw new Error(text);
  }

  Refuse(text: string) {
    throw new HubException(text);
  }
}

class UncreatableHub extends Hub {
  constructor() {
    super();
    throw new Error("this hub cannot be made");
  }
}

/** Believes the query. */
function fromQuery({ query }: ClientRequest) {
  const user = query.get("user");
  if (user === null) return {};
  return { id: user, claims: { role: query.getAll("role"), team: query.getAll("team") } };
}

function fromToken({ accessToken }: ClientRequest) {
  const user = accessToken === undefined ? undefined : tokens.get(accessToken);
  return user !== undefined && { id: user };
}

const service: HubServerOptions =
  args.service === undefined
    ? {}
    : {
        service: {
          endpoints: args.service,
          connections: Number(args["server-connections"]),
          ...(args.application === undefined ? {} : { applicationName: args.application }),
          sticky: args.sticky as "Disabled" | "Preferred" | "Required",
          gracefulShutdown: args["graceful-shutdown"] as "Off" | "WaitForClientsClose" | "MigrateClients",
        },
      };
const server = new HubServer({
  authenticate: fromQuery,
  enableDetailedErrors: true,
  corsOrigins: ["*"],
  onError: (error, doing) => console.error(doing, error),
  ...service,
})
  .map("/testhub", TestHub, { allowStatefulReconnects: true })
  .map("/nowebsockets", NoWebSocketsHub, { transports: ["ServerSentEvents", "LongPolling"] })
  .map("/authorizedhub", AuthorizedHub, { authenticate: fromToken })
  .map("/quiethub", QuietHub, { enableDetailedErrors: false })
  .map("/uncreatable", UncreatableHub);

/** What a test does to the app other than by a client. */
async function door(method: string, { pathname, searchParams: query }: URL): Promise<string | undefined> {
  const { clients, groups } = server.hub(TestHub);
  const [, first, id = ""] = pathname.split("/");
  const get = (name: string) => query.get(name) ?? undefined;
  const [user, group, connection] = [get("user"), get("group"), get("connection")];
  switch (`${method} ${first}`) {
    case "POST token": {
      const token = crypto.randomUUID();
      tokens.set(token, user!);
      return token;
    }
    case "GET journal":
      return JSON.stringify(journals.get(id) ?? []);
    case "POST send": {
      const text = get("text");
      if (user !== undefined) await clients.user(user).message(text);
      else if (group !== undefined) await clients.group(group).message(text);
      else if (connection !== undefined) await clients.client(connection).message(text);
      else await clients.all.message(text);
      return "";
    }
    case "POST join":
      await groups.add(connection!, group!);
      return "";
    case "POST leave":
      await groups.remove(connection!, group!);
      return "";
    case "GET ask":
      return clients
        .client(id)
        .invoke("ask", get("question")!, AbortSignal.timeout(1_000 * Number(get("seconds") ?? 10)))
        .catch((error: Error) => `error: ${error.message}`);
    default:
      return undefined;
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  door(request.method!, new URL(request.url!, "http://localhost")).then(
    (text) => response.writeHead(text === undefined ? 404 : 200).end(text),
    (error) => response.writeHead(500).end(String(error)),
  );
}

const cookies = ["flavour=oat; Path=/", "colour=blue; Path=/", "stale=gone; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"];
const hubs = server.handler();
const http = createServer((request, response) => {
  if (/\/negotiate(\?|$)/.test(request.url!)) response.setHeader("Set-Cookie", cookies);
  hubs(request, response, () => answer(request, response));
});
http.on("upgrade", (request, socket, head) => {
  if (!hubs.upgrade(request, socket, head)) socket.destroy();
});
await server.start();
http.listen(0, "127.0.0.1", () => console.log(`Listening on http://127.0.0.1:${(http.address() as AddressInfo).port}`));
process.once("SIGTERM", async () => {
  http.close();
  await server.close();
  process.exit(0);
});
