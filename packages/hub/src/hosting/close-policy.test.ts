// How connections end, as their client sees it (reference hub-and-service-protocol §3.5).
import type { HubConnection } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientOptions, combinations, connect } from "../../test/test-client.ts";
import { Hub, HubServer, type ListeningHubServer } from "../index.ts";

class Ending extends Hub {
  override onConnected() {
    if (this.context.features.query.has("refuse")) throw new Error("a secret");
  }

  abort() {
    this.context.abort();
  }

  echo(value: unknown) {
    return value;
  }
}

let listening: ListeningHubServer;
let url: string;
beforeAll(async () => {
  listening = await new HubServer({ onError: () => {} })
    .map("/ending", Ending)
    .map("/expiring", Ending, { authenticate: () => ({ expiresAt: new Date(Date.now() + 1_500) }) })
    .map("/impatient", Ending, { clientTimeoutInterval: 1_500 })
    .listen(0);
  url = `http://127.0.0.1:${listening.port}`;
});
afterAll(() => listening.close());

const closedWithError = "Server returned an error on close: Connection closed with an error.";

/** Resolves with what a client does at its end that would come back if it may. */
function endOf(connection: HubConnection): Promise<string> {
  return new Promise((resolve) => {
    connection.onreconnecting((error) => resolve(`comes back: ${error?.message}`));
    connection.onclose((error) => resolve(`leaves: ${error?.message}`));
  });
}

describe.each(combinations)("over $transport with $protocol, a client", ({ transport, protocol }) => {
  const open = (options: ClientOptions) => connect({ transportName: transport, protocol, reconnect: [60_000], ...options });

  it("comes back when the server closes", async () => {
    const closing = await new HubServer().map("/ending", Ending).listen(0);
    const client = await open({ url: `http://127.0.0.1:${closing.port}/ending` });
    const end = endOf(client);
    await closing.close();
    expect(await end).toBe("comes back: undefined");
    await client.stop();
  });

  it("comes back when it has sent what is too large", async () => {
    const client = await open({ url: `${url}/ending` });
    const end = endOf(client);
    client.send("echo", "x".repeat(40_000)).catch(() => {});
    expect(await end).toBe(`comes back: ${closedWithError}`);
    await client.stop();
  });

  it("leaves when the hub aborts it", async () => {
    const client = await open({ url: `${url}/ending` });
    const end = endOf(client);
    client.send("abort").catch(() => {});
    expect(await end).toBe("leaves: undefined");
  });
});

describe("a client", () => {
  it("comes back when it has fallen silent", async () => {
    const client = await connect({ url: `${url}/impatient`, reconnect: [60_000] });
    const end = endOf(client);
    // It pings once behind its next answer, and then waits for another one.
    client.keepAliveIntervalInMilliseconds = 10;
    await client.invoke("echo", 1);
    expect(await end).toBe(`comes back: ${closedWithError}`);
    await client.stop();
  });

  it.each(["WebSockets", "LongPolling"] as const)("comes back when its user's time is over, over %s", async (transportName) => {
    const client = await connect({ url: `${url}/expiring`, transportName, reconnect: [60_000] });
    expect(await endOf(client)).toMatch(/^comes back: .*has expired/);
    await client.stop();
  });

  it("leaves when the hub does not let it in", async () => {
    const ended = connect({ url: `${url}/ending?refuse`, reconnect: [60_000] }).then(endOf, (error: Error) => error.message);
    expect(await ended).toMatch(/Connection closed with an error\.$/);
  });
});
