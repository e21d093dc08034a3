import { afterEach, describe, expect, it, vi } from "vitest";
import { collect, connect } from "../test/test-client.ts";
import { Hub, type HubClass, HubServer, type HubServerOptions, type MapOptions } from "./index.ts";

// What the compiler refuses in TypeScript reaches us from JavaScript all the same.

const disposed: string[] = [];

class Careless extends Hub {
  locked() {
    const stream = new ReadableStream();
    stream.getReader();
    return stream;
  }

  unreadable() {
    return {
      [Symbol.asyncIterator](): AsyncIterator<unknown> {
        throw new Error("nothing to read");
      },
    };
  }

  nameless() {
    throw Object.create(null);
  }

  echo(value: unknown) {
    return value;
  }
}

class Refusing extends Hub {
  override onConnected() {
    throw new Error("not today");
  }

  [Symbol.dispose]() {
    disposed.push("refusing");
  }
}

const servers: HubServer[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: object = {}, hub: HubClass & (new () => Hub) = Careless): Promise<string> {
  const server = new HubServer({ onError: () => {}, ...options }).map("/hub", hub);
  servers.push(server);
  return `http://127.0.0.1:${(await server.listen(0)).port}/hub`;
}

const map = (path: unknown, hub: unknown, options?: unknown) =>
  new HubServer().map(path as string, hub as HubClass & (new () => Hub), options as MapOptions<Hub>);

const connectionString = "Endpoint=http://localhost;AccessKey=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH;Version=1.0;";

describe("An option that cannot be used", () => {
  it.each([
    [{ authentcate: () => null }, "There is no option 'authentcate'."],
    [{ create: () => new Careless() }, "There is no option 'create'."],
    [{ maximumReceiveMessageSize: Number.NaN }, "The option 'maximumReceiveMessageSize' must be a number above 0, not NaN."],
    [{ keepAliveInterval: "15s" }, `The option 'keepAliveInterval' must be a number above 0, not "15s".`],
    [{ maximumParallelInvocationsPerClient: 1.5 }, "must be a whole number above 0, not 1.5."],
    [{ enableDetailedErrors: "false" }, `The option 'enableDetailedErrors' must be true or false, not "false".`],
    [{ transports: ["websockets"] }, `must be a list of WebSockets, ServerSentEvents, LongPolling, not ["websockets"].`],
    [{ corsOrigins: "https://app.example" }, "The option 'corsOrigins' must be a list of origins"],
    [{ corsOrigins: ["https://app.example/"] }, `not ["https://app.example/"].`],
    [{ filters: {} }, "The option 'filters' must be a list, not that object."],
    [{ service: 1 }, "The option 'service' must be a connection string or an object, not 1."],
  ])("is named when the server is made: %o", (options, message) => {
    expect(() => new HubServer(options as HubServerOptions)).toThrow(TypeError);
    expect(() => new HubServer(options as HubServerOptions)).toThrow(message);
  });

  it.each([
    [{ endpoints: [] }, "The option 'service.endpoints' must be"],
    [{}, "The option 'service.endpoints' must be"],
    [
      { endpoints: connectionString, connections: 0 },
      "The option 'service.connections' must be a whole number above 0, not 0.",
    ],
    [{ endpoints: connectionString, gracefulShutdown: "Migrate" }, "one of Off, WaitForClientsClose, MigrateClients"],
    [{ endpoints: connectionString, maxPollIntervalInSeconds: 500 }, "must be a whole number from 1 to 300, not 500."],
    [{ endpoint: connectionString }, "service"],
  ])("of the service is named when a hub is mapped: %o", (service, message) => {
    const server = new HubServer({ service } as unknown as HubServerOptions);
    expect(() => server.map("/hub", Careless)).toThrow(message);
  });

  it("never shows an access key", () => {
    const options = { service: { endpoints: [{ connection: connectionString }] } };
    for (const option of [options, { onError: connectionString }]) {
      let text = "";
      try {
        new HubServer(option as unknown as HubServerOptions).map("/hub", Careless);
      } catch (error) {
        text = String(error);
      }
      expect(text).toContain("TypeError");
      expect(text).not.toContain("ABCDEFGH");
    }
  });

  it("is what a hub's own options are checked for, too; undefined leaves what the server says", async () => {
    expect(() => map("/hub", Careless, { create: "new" })).toThrow(`The option 'create' must be a function, not "new".`);
    expect(() => map("/hub", Careless, { onError: () => {} })).toThrow("There is no option 'onError'.");
    const server = new HubServer({ authenticate: () => false }).map("/hub", Careless, { authenticate: undefined });
    const answer = server.handler().fetch(new Request("http://localhost/hub/negotiate", { method: "POST" }));
    expect((await answer)?.status).toBe(401);
  });
});

describe("A hub", () => {
  it.each([
    ["without a path", undefined, Careless, "A hub's path begins with /"],
    ["that is none", "/hub", class {}, "What is mapped must be a class that extends Hub."],
    ["that is an instance", "/hub", new Careless(), "What is mapped must be a class that extends Hub."],
    ["that is missing", "/hub", undefined, "What is mapped must be a class that extends Hub."],
  ])("%s is refused", (_, path, hub, message) => {
    expect(() => map(path, hub)).toThrow(message);
  });

  it("cannot be mapped once there may be clients", async () => {
    const server = new HubServer();
    server.handler();
    expect(() => server.map("/late", Careless)).toThrow("'/late' is mapped too late");
  });

  it("that refuses a client is disposed of", async () => {
    // It may learn of that before or after it has started.
    const client = await connect({ url: await serve({}, Refusing) }).catch(() => undefined);
    await expect.poll(() => disposed).toEqual(["refusing"]);
    await client?.stop();
  });
});

describe("What `authenticate` must not answer", () => {
  const status = async (answer: unknown) => {
    const errors: unknown[] = [];
    const url = await serve({ authenticate: () => answer, onError: (error: unknown) => errors.push(error) });
    const { status } = await fetch(`${url}/negotiate`, { method: "POST" });
    return [status, ...errors.map(String)];
  };

  it("lets nobody in by mistake", async () => {
    // biome-ignore lint/suspicious/noThenProperty: a query builder's promise is no instance of Promise
    const nobody = { then: (resolve: (user: unknown) => void) => resolve(null) };
    expect(await status(nobody)).toEqual([401]);
    expect(await status(true)).toEqual([500, "TypeError: authenticate answered true: a user, a Response or nothing is due."]);
    expect(await status({ id: 7 })).toEqual([500, "TypeError: authenticate answered with an id that is no text: 7"]);
  });

  it("lets nobody in for ever by mistake", async () => {
    for (const expiresAt of [new Date(Number.NaN), 1_700_000_000]) {
      expect(await status({ id: "ann", expiresAt })).toEqual([500, expect.stringContaining("an expiresAt that is no date")]);
    }
  });
});

describe("What a method must not do", () => {
  it("costs its client an error and nobody else anything", async () => {
    const client = await connect({ url: await serve({ enableDetailedErrors: true }) });
    await expect(client.invoke("locked")).rejects.toThrow("with a non-streaming invocation");
    await expect(collect(client.stream("locked"))).rejects.toThrow("ReadableStream is locked");
    await expect(client.invoke("unreadable")).rejects.toThrow("with a non-streaming invocation");
    await expect(collect(client.stream("unreadable"))).rejects.toThrow("nothing to read");
    await expect(client.invoke("nameless")).rejects.toThrow("What was thrown has no text.");
    expect(await client.invoke("echo", 1)).toBe(1);
    await client.stop();
  });
});

describe("A listener of errors", () => {
  it("hears whose call it was", async () => {
    const heard: unknown[] = [];
    const onError = (_error: unknown, doing: string, context?: { readonly connectionId: string }) =>
      heard.push([doing, context?.connectionId]);
    const client = await connect({ url: await serve({ onError }) });
    await expect(client.invoke("nameless")).rejects.toThrow();
    expect(heard).toEqual([["running nameless (Careless)", client.connectionId]]);
    await client.stop();
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("the log is full");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("the log is full");
      },
    ],
  ])("that %s ends neither connection nor process", async (_, onError) => {
    const told = vi.spyOn(console, "error").mockImplementation(() => {});
    const client = await connect({ url: await serve({ onError }) });
    await expect(client.invoke("nameless")).rejects.toThrow("on the server");
    expect(await client.invoke("echo", 1)).toBe(1);
    await vi.waitFor(() => expect(told.mock.calls).toEqual([["The option onError failed:", new Error("the log is full")]]));
    await client.stop();
  });
});

describe("A server that has closed", () => {
  it("sends new clients of its handler away, and may be closed again", async () => {
    const server = new HubServer().map("/hub", Careless);
    const hubs = server.handler();
    const negotiate = async () => (await hubs.fetch(new Request("http://localhost/hub/negotiate", { method: "POST" })))?.status;
    expect(await negotiate()).toBe(200);
    await server.close();
    await server.close();
    expect(await negotiate()).toBe(503);
  });
});
