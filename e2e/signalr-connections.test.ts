import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { HttpTransportType, type HubConnection, HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { encode } from "@msgpack/msgpack";
import { afterEach, describe, expect, it } from "vitest";
import { connectInNode, connectionBuilder, recordMessages } from "./support/node-client.ts";
import { describeReconnect } from "./support/reconnect.suite.ts";
import { Rest } from "./support/rest.ts";
import { type RunningService, runtimes, startService } from "./support/service.ts";
import { combinations } from "./support/test-client.ts";
import { clientToken, clientUrl, signToken } from "./support/token.ts";
import { startUpstream } from "./support/upstream.ts";

const hub = "lifetime";
const webSocketsJson = combinations[0]!;
const webSocketsMessagePack = combinations[1]!;

describe.each(runtimes)("a connection of @microsoft/signalr with Signalbox on %s", (runtime) => {
  const opened: HubConnection[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((connection) => connection.stop())));

  const started = async (connection: HubConnection) => {
    opened.push(connection);
    await connection.start();
    return connection;
  };
  const optionsFor = (service: RunningService, claims: Record<string, unknown> = {}) => ({
    url: clientUrl(service, hub),
    accessToken: clientToken(service, hub, claims),
  });

  it("follows the redirect of an app's own negotiate endpoint", async () => {
    await using service = await startService({ runtime });
    const app = createServer((request, response) => {
      expect(request.method).toBe("POST");
      response.setHeader("Content-Type", "application/json").end(JSON.stringify(optionsFor(service, { nameid: "ann" })));
    });
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = app.address() as AddressInfo;
      const connection = new HubConnectionBuilder()
        .withUrl(`http://127.0.0.1:${port}/api`)
        .configureLogging(LogLevel.None)
        .build();
      const messages = recordMessages(connection);
      await started(connection);
      await new Rest(service, hub).send("/users/ann", "message", "hello");
      await expect.poll(() => messages).toEqual([["hello"]]);
    } finally {
      await new Promise((resolve) => app.close(resolve).closeAllConnections());
    }
  });

  it("connects without negotiating", async () => {
    await using service = await startService({ runtime });
    const { url, accessToken } = optionsFor(service, { nameid: "ann" });
    const connection = new HubConnectionBuilder()
      .withUrl(url, { skipNegotiation: true, transport: HttpTransportType.WebSockets, accessTokenFactory: () => accessToken })
      .configureLogging(LogLevel.None)
      .build();
    const messages = recordMessages(connection);
    await started(connection);
    await new Rest(service, hub).send("/users/ann", "message", "hello");
    await expect.poll(() => messages).toEqual([["hello"]]);
  });

  it("is refused with a token for another hub, a foreign key, or none", async () => {
    await using service = await startService({ runtime });
    const url = clientUrl(service, hub);
    const tokens = [
      clientToken(service, "another"),
      signToken({ aud: url }, "another key that is long enough to be one"),
      signToken({ aud: url, exp: Math.floor(Date.now() / 1_000) - 3_600 }, service.accessKey),
      "",
    ];
    for (const accessToken of tokens) {
      await expect(connectInNode({ ...webSocketsJson, url, accessToken })).rejects.toThrow(/401/);
    }
  });

  it.each(combinations)(
    "is closed in default mode without an app server, over $transport with $protocol",
    async (combination) => {
      await using service = await startService({ runtime, args: ["--mode", "default"] });
      const connection = connectionBuilder({ ...combination, ...optionsFor(service) }).build();
      const closed = Promise.withResolvers<Error | undefined>();
      connection.onclose(closed.resolve);
      // Whether the reason is there before `start` has ended is left to chance.
      const error = await started(connection).then(
        () => closed.promise,
        (failure: Error) => failure,
      );
      expect(error?.message).toContain("No app server is connected.");
    },
  );

  describeReconnect(runtime, connectInNode);

  it("is closed when its authentication expires, if the token asks for that", async () => {
    await using service = await startService({ runtime });
    const expiry = Math.floor(Date.now() / 1_000) + 4;
    const connection = connectionBuilder({
      ...webSocketsJson,
      ...optionsFor(service, { "asrs.s.coae": "true", "asrs.s.aeo": String(expiry) }),
    }).build();
    let error: Error | undefined;
    connection.onclose((reason) => {
      error = reason;
    });
    await started(connection);
    await expect.poll(() => error?.message).toMatch(/expired/);
    expect(Date.now() / 1_000).toBeGreaterThanOrEqual(expiry);
  });

  it("keeps binary data, dates and 64-bit integers of MessagePack through the app and back", async () => {
    await using upstream = await startUpstream((request) =>
      request.event === "messages/echo" ? request.completion({ result: request.invocation.arguments[0] }) : undefined,
    );
    await using service = await startService({ runtime, settings: upstream.settings });
    const connection = await started(connectionBuilder({ ...webSocketsMessagePack, ...optionsFor(service) }).build());
    const value = {
      bytes: Uint8Array.of(0, 1, 254, 255),
      date: new Date(1_700_000_000_123),
      long: 2 ** 52 + 1,
      negative: -(2 ** 40),
    };
    expect(await connection.invoke("echo", value)).toEqual(value);
  });

  it("receives frames that the caller made for each protocol, untouched", async () => {
    await using service = await startService({ runtime });
    const json = await connectInNode({ ...webSocketsJson, ...optionsFor(service) });
    const messagePack = await connectInNode({ ...webSocketsMessagePack, ...optionsFor(service) });
    const invocation = (text: string) => ({ type: 1 as const, target: "message", arguments: [text] });
    const url = `${service.endpoint}/api/hubs/${hub}/:send`;
    const response = await fetch(`${url}?api-version=2022-06-01`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${signToken({ aud: url }, service.accessKey)}`,
        "Content-Type": "application/octet-stream",
      },
      body: new Uint8Array(
        encode({
          json: new TextEncoder().encode(new JsonHubProtocol().writeMessage(invocation("for JSON"))),
          messagepack: new Uint8Array(new MessagePackHubProtocol().writeMessage(invocation("for MessagePack"))),
        }),
      ),
    });
    expect(response.status).toBe(202);
    await expect.poll(() => json.messages()).toEqual([["for JSON"]]);
    await expect.poll(() => messagePack.messages()).toEqual([["for MessagePack"]]);
    await Promise.all([json.stop(), messagePack.stop()]);
  });
});
