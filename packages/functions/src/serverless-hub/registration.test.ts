import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HttpRequest } from "@azure/functions";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { provideCoreModule } from "../app/worker/interception.ts";
import type * as ServerlessHubModule from "./index.ts";

// The real @azure/functions, with the part of the worker that it registers functions with.
interface Registered {
  readonly name: string;
  readonly bindings: Readonly<Record<string, object>>;
  readonly callback: (...args: unknown[]) => unknown;
}
const registered: Registered[] = [];
let library: typeof ServerlessHubModule;

beforeAll(async () => {
  provideCoreModule({
    version: "3.10.0",
    hostVersion: "4.0.0",
    registerFunction: ({ name, bindings }: Registered, callback: Registered["callback"]) =>
      registered.push({ name, bindings, callback }),
    registerHook: () => {},
    setProgrammingModel: () => {},
    log: () => {},
  });
  library = await import("./index.ts");
});
beforeEach(() => {
  registered.length = 0;
  vi.stubEnv(
    "AzureSignalRConnectionString",
    "Endpoint=http://localhost:8888;AccessKey=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH;",
  );
});
afterEach(() => vi.unstubAllEnvs());

const call = (name: string, ...args: unknown[]) => registered.find((each) => each.name === name)!.callback(...args);

describe("The module", () => {
  it("needs nothing of the host, so that it can be deployed", () => {
    const sources = readdirSync(import.meta.dirname).filter((name) => !name.endsWith(".test.ts"));
    const texts = sources.map((name) => readFileSync(join(import.meta.dirname, name), "utf8"));
    const imports = texts.flatMap((text) => [...text.matchAll(/from "(?!\.\/)([^"]*)"/g)].map(([, name]) => name));
    expect(new Set(imports)).toEqual(new Set(["@azure/functions", "@signalbox/management"]));
  });
});

describe("addServerlessHub", () => {
  it("registers a function for each event and one for negotiate", () => {
    class Chat extends library.ServerlessHub {
      static override readonly connectionSetting = "ChatConnection";
      onConnected() {}
      onDisconnected() {}
      sendToAll() {}
    }
    library.addServerlessHub(Chat);
    const trigger = { direction: "in", type: "signalRTrigger", hubName: "Chat", connectionStringSetting: "ChatConnection" };
    expect(registered.map(({ name, bindings }) => [name, Object.values(bindings)])).toEqual([
      ["Chat_onConnected", [expect.objectContaining({ ...trigger, category: "connections", event: "connected" })]],
      ["Chat_onDisconnected", [expect.objectContaining({ ...trigger, category: "connections", event: "disconnected" })]],
      ["Chat_sendToAll", [expect.objectContaining({ ...trigger, category: "messages", event: "sendToAll" })]],
      [
        "Chat_negotiate",
        [
          expect.objectContaining({ type: "httpTrigger", authLevel: "anonymous", methods: ["POST"], route: "negotiate" }),
          expect.objectContaining({ type: "http", direction: "out" }),
        ],
      ],
    ]);
  });

  it("lets the class name its hub, and each hub its route", () => {
    class Minified extends library.ServerlessHub {
      static override readonly hubName = "my.hub";
      say() {}
    }
    library.addServerlessHub(Minified, { negotiate: { route: "my/negotiate", authLevel: "function", methods: ["GET"] } });
    expect(registered.map(({ name }) => name)).toEqual(["my_hub_say", "my_hub_negotiate"]);
    expect(Object.values(registered[0]!.bindings)).toEqual([expect.objectContaining({ hubName: "my.hub" })]);
    expect(Object.values(registered[1]!.bindings)[0]).toMatchObject({
      route: "my/negotiate",
      authLevel: "function",
      methods: ["GET"],
    });
  });

  it("makes an instance for each invocation", async () => {
    class Counting extends library.ServerlessHub {
      calls = 0;
      count() {
        this.calls += 1;
        return this.calls;
      }
    }
    library.addServerlessHub(Counting, { negotiate: false });
    const event = { Hub: "Counting", Category: "messages", Event: "count", ConnectionId: "c", Arguments: [], Query: null };
    expect(await call("Counting_count", event, {})).toBe(1);
    expect(await call("Counting_count", event, {})).toBe(1);
    await expect(async () => call("Counting_count", "nonsense", {})).rejects.toThrow("no event of a signalRTrigger");
    expect(registered).toHaveLength(1);
  });

  it("answers negotiate with what the hub gives, or refuses", async () => {
    class Door extends library.ServerlessHub {
      override async onNegotiate(request: HttpRequest) {
        const token = request.headers.get("authorization");
        return token === null ? { status: 401 } : this.negotiate({ claims: this.getClaims(token) });
      }
    }
    library.addServerlessHub(Door, { negotiate: { route: "door/negotiate" } });
    const request = (headers: Record<string, string>) => ({ headers: new Headers(headers) });
    expect(await call("Door_negotiate", request({}), {})).toEqual({ status: 401 });
    const token = `e30.${Buffer.from('{"sub":"ann"}').toString("base64url")}.s`;
    expect(await call("Door_negotiate", request({ authorization: `Bearer ${token}` }), {})).toEqual({
      jsonBody: { url: "http://localhost:8888/client/?hub=door", accessToken: expect.any(String) },
    });
  });

  it("refuses what cannot work", () => {
    class Again extends library.ServerlessHub {}
    class Other extends library.ServerlessHub {}
    class Ünnamed extends library.ServerlessHub {}
    library.addServerlessHub(Again, { negotiate: { route: "again" } });
    expect(() => library.addServerlessHub(Again, { negotiate: false })).toThrow(
      "The hub Again has the functions Again_… already",
    );
    expect(() => library.addServerlessHub(Other, { negotiate: { route: "Again" } })).toThrow(
      'The hub Again has the route "Again" already, which the hub Other needs as well.',
    );
    expect(() => library.addServerlessHub(Ünnamed)).toThrow(/no name for a hub: .* static member "hubName"/);
  });
});
