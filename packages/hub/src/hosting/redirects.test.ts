import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { combinations, connect } from "../../test/test-client.ts";
import { Hub, HubServer, type ListeningHubServer } from "../index.ts";

class Echo extends Hub {
  echo(text: string) {
    return text;
  }
}

let hubs: ListeningHubServer;
let hubUrl: string;
beforeAll(async () => {
  hubs = await new HubServer().map("/echo", Echo).listen(0);
  hubUrl = `http://127.0.0.1:${hubs.port}`;
});
afterAll(() => hubs.close());

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Somebody in front of the hub. @returns where */
async function startInFront(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a hub that has moved", () => {
  // This client's WebSockets and event streams do not follow it on Node.
  it.each(combinations.filter(({ transport }) => transport === "LongPolling"))(
    "is found by 308 on every request, over $transport with $protocol",
    async ({ transport, protocol }) => {
      const asked = new Set<string>();
      const url = await startInFront(({ method, url }, response) => {
        asked.add(method!);
        response.writeHead(308, { Location: `${hubUrl}${url}` }).end();
      });
      const client = await connect({ url: `${url}/echo`, transportName: transport, protocol });
      expect(await client.invoke("echo", "grüße")).toBe("grüße");
      await client.stop();
      expect([...asked].sort()).toEqual(["DELETE", "GET", "POST"]);
    },
  );

  it.each(combinations)(
    "is found by the answer to a negotiation that 308 led to, over $transport with $protocol",
    async (way) => {
      const app = await startInFront((_, response) => {
        response.setHeader("Content-Type", "application/json").end(JSON.stringify({ url: `${hubUrl}/echo` }));
      });
      const old = await startInFront((_, response) => {
        response.writeHead(308, { Location: `${app}/negotiate` }).end();
      });
      const client = await connect({ url: `${old}/echo`, transportName: way.transport, protocol: way.protocol });
      expect(await client.invoke("echo", "grüße")).toBe("grüße");
      await client.stop();
    },
  );

  it("to where it was is given up", async () => {
    let count = 0;
    const url = await startInFront((request, response) => {
      count += 1;
      const again = `http://${request.headers.host}/echo`;
      response.setHeader("Content-Type", "application/json").end(JSON.stringify({ url: again, availableTransports: [] }));
    });
    await expect(connect({ url: `${url}/echo` })).rejects.toThrow("Negotiate redirection limit exceeded.");
    expect(count).toBe(100);
  });
});

describe("a negotiation that an app answers itself", () => {
  it("fails with the app's status", async () => {
    const url = await startInFront((_, response) => {
      response.writeHead(400, { "Content-Type": "text/plain" }).end("The hub is not here.");
    });
    const failure = connect({ url: `${url}/echo` });
    await expect(failure).rejects.toThrow("Failed to complete negotiation with the server");
    await expect(failure).rejects.toThrow(/400/);
  });

  it("fails with the app's reason", async () => {
    const url = await startInFront((_, response) => {
      response.setHeader("Content-Type", "application/json").end(JSON.stringify({ error: "The hub rests." }));
    });
    await expect(connect({ url: `${url}/echo` })).rejects.toThrow("The hub rests.");
  });
});
