import { createRequire } from "node:module";
import { HttpTransportType, type IHttpConnectionOptions, type LogLevel, TransferFormat } from "@microsoft/signalr";
import type { HttpConnection as Connection } from "@microsoft/signalr/dist/esm/HttpConnection.js";
import { describe, expect, it } from "vitest";
import type { Stage } from "./stage.ts";

// The library keeps it to itself, and tests it all the same.
const { HttpConnection } = createRequire(import.meta.url)("@microsoft/signalr/dist/cjs/HttpConnection.js") as {
  readonly HttpConnection: typeof Connection;
};

const handshake = '{"protocol":"json","version":1}\u001e';
const text = "Hello, wörld!";
const call = `{"type":1,"invocationId":"1","target":"Echo","arguments":["${text}"]}\u001e`;

/** What the transport owes a client that speaks the hub protocol by itself. */
export function describeRawConnections({ server, combination }: Stage): void {
  if (combination.protocol !== "json") return;
  const transport = HttpTransportType[combination.transport];

  /** Shakes hands, calls, is answered, and leaves. @returns what the client logged */
  async function talk(options: IHttpConnectionOptions): Promise<string[]> {
    const log: string[] = [];
    const logger = { log: (_level: LogLevel, line: string) => void log.push(line) };
    const connection = new HttpConnection(`${server().clientUrl}/testhub`, { logger, ...options });
    let received = "";
    connection.onreceive = (data) => {
      received += data;
    };
    const closed = new Promise<Error | undefined>((resolve) => {
      connection.onclose = resolve;
    });
    await connection.start(TransferFormat.Text);
    await connection.send(handshake);
    await expect.poll(() => received.split("\u001e")[0]).toBe("{}");
    await connection.send(call);
    await expect.poll(() => received).toContain(`"result":"${text}"`);
    await connection.stop();
    expect(await closed).toBeUndefined();
    return log;
  }

  describe("a connection without the hub client", () => {
    it("sends and receives, and logs nothing of it unless it is asked to", async () => {
      const log = await talk({ transport });
      expect(log.length).toBeGreaterThan(0);
      expect(log.filter((line) => line.includes(text))).toEqual([]);
      const loud = await talk({ transport, logMessageContent: true });
      expect(loud.filter((line) => line.includes(text))).toHaveLength(2);
    });

    if (combination.transport === "WebSockets") it("chooses a transport by itself", () => talk({}));
  });
}
