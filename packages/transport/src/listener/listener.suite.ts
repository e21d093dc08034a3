import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_MESSAGE_BYTES } from "../../test/listener-fixture.ts";
import { clientFrame, Opcode, RawClient, upgradeRequest } from "../../test/raw-client.ts";

export interface StartOptions {
  readonly port?: number;
  readonly host?: string;
  readonly tls?: { readonly cert: string; readonly key: string; readonly requestCertificate?: boolean };
}

export interface RunningFixture {
  readonly port: number;
  readonly hosts: readonly string[];
  /** `Listener.close`, and the end of whatever ran it. */
  stop(): Promise<void>;
}

/** Starts `ListenerFixture` behind the listener under test; rejects with its `code` and `message`. */
export type StartFixture = (options?: StartOptions) => Promise<RunningFixture>;

/** What every listener promises. It is driven over the network alone, so the listener may run in this process or in another one. */
export function listenerSuite(runtime: string, start: StartFixture): void {
  describe(`The listener on ${runtime}`, () => {
    let fixture: RunningFixture;
    let origin: string;
    beforeAll(async () => {
      fixture = await start();
      origin = `http://127.0.0.1:${fixture.port}`;
    });
    afterAll(() => fixture.stop());
    // What one test leaves behind must not be logged during the next.
    afterEach(async () => {
      for (const leave of leaving.splice(0)) leave();
      await until(async () => expect(await pending()).toEqual([]));
    });

    const leaving: (() => void)[] = [];
    const pending = async () => (await fetch(`${origin}/pending`)).json() as Promise<number[]>;
    const log = async (): Promise<string[]> => (await fetch(`${origin}/log`)).json() as Promise<string[]>;
    /** What is logged from now on. */
    const newLog = async () => {
      const before = (await log()).length;
      return async () => (await log()).slice(before);
    };
    const open = async (path = "/ws", protocols: string[] = []) => {
      const client = new TestClient(`ws://127.0.0.1:${fixture.port}${path}`, protocols);
      leaving.push(() => client.socket.terminate());
      await client.opened;
      return client;
    };
    const raw = async () => {
      const client = await RawClient.open(fixture.port);
      leaving.push(() => client.socket.destroy());
      return client;
    };
    const rawWebSocket = async () => {
      const client = await raw();
      client.write(upgradeRequest("/ws"));
      await until(() => expect(client.received).toContain("\r\n\r\n"));
      client.received = "";
      return client;
    };

    describe("answering hot requests", () => {
      it("hands over method, target as sent, headers and body", async () => {
        const response = await fetch(`${origin}/hot/describe?a=%41%2f&b=ü`, {
          method: "PUT",
          headers: { "X-Test": "one" },
          body: "héllo",
        });
        expect(response.status).toBe(200);
        expect(response.headers.get("x-fixture")).toBe("yes");
        expect(await response.json()).toEqual({
          method: "PUT",
          target: "/hot/describe?a=%41%2f&b=%C3%BC",
          header: "one",
          absent: true,
          length: 6,
          body: "héllo",
        });
      });

      it("joins repeated headers and finds names in any case", async () => {
        const client = await raw();
        client.write("GET /hot/describe HTTP/1.1\r\nHost: x\r\nx-test: a\r\nX-TEST: b\r\n\r\n");
        await until(() => expect(client.received).toContain('"header":"a, b"'));
      });

      it("answers without a body, and keeps the connection for pipelined requests", async () => {
        const client = await raw();
        const post = "POST /hot/accepted HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        client.write(post, post, post);
        await until(() => expect(client.received.match(/HTTP\/1\.1 202 Accepted/g)).toHaveLength(3));
        expect(client.received.toLowerCase()).toContain("content-length: 0");
        expect(client.isEnded).toBe(false);
      });

      it("reads chunked bodies, and bodies that come in many pieces", async () => {
        const client = await raw();
        client.write("POST /hot/describe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (const piece of ["3\r\nabc\r\n", "4\r\nde", "fg\r\n", "0\r\n\r\n"]) {
          client.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await until(() => expect(client.received).toContain('"length":7,"body":"abcdefg"'));
      });

      it("takes a body of exactly the limit and refuses one byte more with 413, declared or chunked", async () => {
        const post = (length: number) => fetch(`${origin}/hot/describe`, { method: "POST", body: "x".repeat(length) });
        expect((await post(MAX_BODY_BYTES)).status).toBe(200);
        expect((await post(MAX_BODY_BYTES + 1)).status).toBe(413);
        expect(await postChunked(`${origin}/hot/describe`, 20, MAX_BODY_BYTES)).toBe(413);
        expect((await post(5)).status).toBe(200);
      });

      it("answers 500 without a body when the handler throws, at once or with the body, and reports it", async () => {
        const logged = await newLog();
        for (const path of ["/hot/throw", "/hot/throw-later"]) {
          const response = await fetch(origin + path);
          expect([response.status, await response.text()]).toEqual([500, ""]);
        }
        expect(await logged()).toEqual(["error: hot threw", "error: answer threw"]);
      });

      it("goes on after a body beyond the limit, and after one that nobody reads", async () => {
        const client = await raw();
        const body = "x".repeat(2 * MAX_BODY_BYTES);
        const declared = `Content-Length: ${body.length}\r\n\r\n${body}`;
        const chunked = `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
        for (const [path, framed, status] of [
          ["/hot/describe", declared, 413],
          ["/hot/describe", chunked, 413],
          ["/hot/accepted", declared, 202],
          ["/hot/accepted", chunked, 202],
        ] as const) {
          client.received = "";
          client.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${framed}`);
          await until(() => expect(client.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `)));
        }
        client.received = "";
        client.write("POST /hot/describe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        await until(() => expect(client.received).toContain('"length":5'));
        expect(client.isEnded).toBe(false);
      });

      it("asks nobody, and reports nothing, when the client leaves in the middle of the body", async () => {
        const logged = await newLog();
        const client = await raw();
        const other = await raw();
        client.write("POST /hot/describe HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhello");
        await new Promise((resolve) => setTimeout(resolve, 50));
        client.reset();
        other.write("POST /hot/describe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        await until(() => expect(other.received).toContain('"length":5'));
        expect(await logged()).toEqual(["body read"]);
      });
    });

    describe("answering other requests", () => {
      it("hands over the request and where it came from", async () => {
        const response = await fetch(`${origin}/describe?q=1`, { method: "POST", headers: { "x-test": "one" }, body: "body" });
        expect(await response.json()).toEqual({
          method: "POST",
          path: "/describe?q=1",
          header: "one",
          body: "body",
          address: "127.0.0.1",
          secure: false,
        });
      });

      it("keeps the connection when the handler never reads the body", async () => {
        const client = await raw();
        const body = "x".repeat(200_000);
        for (let i = 1; i <= 3; i++) {
          client.write(`POST /ignore-body HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
          await until(() => expect(client.received.match(/ignored/g)).toHaveLength(i));
        }
        client.write("GET /hot/accepted HTTP/1.1\r\nHost: x\r\n\r\n");
        await until(() => expect(client.received).toContain("202 Accepted"));
      });

      it("streams a response as it comes and cancels it when the client leaves", async () => {
        const logged = await newLog();
        const client = await raw();
        client.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
        await until(() => expect(client.received).toContain("data: 2\n"));
        client.reset();
        await until(async () => expect(await logged()).toEqual(["stream cancelled"]));
      });

      it("aborts the signal of a request whose client leaves", async () => {
        const logged = await newLog();
        const controller = new AbortController();
        const response = fetch(`${origin}/hang`, { signal: controller.signal });
        await until(async () => expect(await logged()).toEqual(["request hangs"]));
        controller.abort();
        await expect(response).rejects.toThrow();
        await until(async () => expect(await logged()).toEqual(["request hangs", "request aborted"]));
      });

      it("answers 500 without a body when the handler throws, and reports it", async () => {
        const logged = await newLog();
        const response = await fetch(`${origin}/throw`);
        expect([response.status, await response.text()]).toEqual([500, ""]);
        expect(await logged()).toEqual(["error: fetch threw"]);
      });

      it("treats an upgrade to another protocol than WebSocket as an ordinary request, body and connection included", async () => {
        const client = await raw();
        const request =
          "POST /hot/describe HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n" +
          "HTTP2-Settings: AAEAAEAA\r\nX-Test: one\r\nContent-Length: 5\r\n\r\nhello";
        for (let i = 1; i <= 2; i++) {
          client.write(request);
          await until(() => expect(client.received.match(/"header":"one","absent":true,"length":5/g)).toHaveLength(i));
        }
      });
    });

    describe("under bad input", () => {
      const stillAnswers = async () => expect((await fetch(`${origin}/hot/accepted`)).status).toBe(202);

      it("answers garbage with 400 and ends the connection", async () => {
        for (const garbage of ["\0\x01\x02\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\0\x01", "x".repeat(50_000)]) {
          const client = await raw();
          client.write(garbage, "\r\n\r\n");
          await until(() => expect(client.isEnded).toBe(true));
          if (client.received !== "") expect(client.received).toMatch(/^HTTP\/1\.1 4\d\d /);
        }
        await stillAnswers();
      });

      it("answers a header block beyond the limit with 431", async () => {
        const send = async (length: number) => {
          const client = await raw();
          client.write(`GET /hot/accepted HTTP/1.1\r\nHost: x\r\nX-Test: ${"y".repeat(length)}\r\n\r\n`);
          await until(() => expect(client.received).not.toBe(""));
          return client.received.slice(9, 12);
        };
        expect(await send(MAX_HEADER_BYTES - 200)).toBe("202");
        expect(await send(MAX_HEADER_BYTES + 200)).toBe("431");
      });

      it("outlives clients that stop halfway through a request or leave without a word", async () => {
        const clients = await Promise.all(Array.from({ length: 60 }, raw));
        clients.forEach((client, i) => {
          const partial = [
            "",
            "GET /hot",
            "POST /hot/describe HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
            upgradeRequest("/ws"),
          ][i % 4]!;
          if (partial !== "") client.write(partial);
        });
        await stillAnswers();
        for (const client of clients) client.reset();
        await stillAnswers();
      });

      it("answers a WebSocket handshake with a bad key or version with 4xx", async () => {
        for (const [from, to] of [
          ["dGhlIHNhbXBsZSBub25jZQ==", "short"],
          ["Version: 13", "Version: 7"],
        ] as const) {
          const client = await raw();
          client.write(upgradeRequest("/ws").replace(from, to));
          await until(() => expect(client.received).toMatch(/^HTTP\/1\.1 4\d\d /));
        }
      });
    });

    describe("deciding about WebSockets", () => {
      it("selects the subprotocol of the verdict, and none when the verdict names none", async () => {
        const logged = await newLog();
        const client = await open("/ws?select=b", ["a", "b"]);
        expect(client.socket.protocol).toBe("b");
        const other = await raw();
        other.write(upgradeRequest("/ws", "Sec-WebSocket-Protocol: a, b\r\n"));
        await until(() => expect(other.received).toContain("\r\n\r\n"));
        expect(other.received).toContain("101 Switching Protocols");
        expect(other.received.toLowerCase()).not.toContain("sec-websocket-protocol");
        other.write(clientFrame(Opcode.text, "works"));
        await until(() => expect(other.received).toContain("works"));
        expect((await logged()).filter((line) => line.startsWith("open"))).toEqual([
          "open offering [a b] from 127.0.0.1",
          "open offering [a b] from 127.0.0.1",
        ]);
      });

      it("refuses with the response of the verdict", async () => {
        const client = new WebSocket(`ws://127.0.0.1:${fixture.port}/ws/refuse`);
        const [, response] = await once(client, "unexpected-response");
        expect(response.statusCode).toBe(403);
        expect(response.headers["x-reason"]).toBe("because");
        const [body] = await once(response, "data");
        expect(String(body)).toBe("Not you.");
      });

      it("answers 500 when the handler throws, and reports it", async () => {
        const logged = await newLog();
        const client = new WebSocket(`ws://127.0.0.1:${fixture.port}/ws/throw`);
        const [, response] = await once(client, "unexpected-response");
        expect(response.statusCode).toBe(500);
        response.resume();
        expect(await logged()).toEqual(["error: upgrade threw"]);
      });

      it("waits for a verdict, and says of a client that leaves meanwhile that it is gone", async () => {
        const logged = await newLog();
        const leaving = await raw();
        leaving.write(upgradeRequest("/ws/slow"));
        const patient = new TestClient(`ws://127.0.0.1:${fixture.port}/ws/slow`);
        await until(async () => expect(await logged()).toEqual(["upgrade waits", "upgrade waits"]));
        leaving.reset();
        expect(patient.socket.readyState).toBe(WebSocket.CONNECTING);
        await new Promise((resolve) => setTimeout(resolve, 50));
        await fetch(`${origin}/release`);
        await patient.opened;
        patient.socket.send("hello");
        await until(() => expect(patient.texts).toEqual(["hello"]));
        patient.socket.close();
        await patient.closed;
        await until(async () =>
          expect((await logged()).slice(2)).toEqual(["closed 1006", "open offering [] from 127.0.0.1", "closed 1005"]),
        );
      });
    });

    describe("carrying messages", () => {
      it("echoes text and binary of every length class of a frame", async () => {
        const client = await open();
        const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, MAX_MESSAGE_BYTES];
        for (const length of lengths) {
          client.socket.send("t".repeat(length));
          client.socket.send(Buffer.alloc(length, 7));
        }
        await until(() => expect(client.messages.length).toBe(lengths.length * 2));
        expect(client.messages.map(([data, isBinary]) => [data.length, isBinary])).toEqual(
          lengths.flatMap((length) => [
            [length, false],
            [length, true],
          ]),
        );
      });

      it("keeps text beyond ASCII, a leading byte order mark included", async () => {
        const client = await open();
        const texts = ["grüße", "\ufeffmarked", "𝄞𝄞", "\u0000\u001e"];
        for (const text of texts) client.socket.send(text);
        await until(() => expect(client.texts).toEqual(texts));
      });

      it("assembles fragments, with control frames between them", async () => {
        const client = await rawWebSocket();
        client.write(clientFrame(Opcode.text, "grü".slice(0, 2), { isFinal: false }));
        client.write(clientFrame(Opcode.continuation, Buffer.from("ü").subarray(0, 1), { isFinal: false }));
        client.write(clientFrame(Opcode.ping, "still there?"));
        client.write(clientFrame(Opcode.continuation, Buffer.concat([Buffer.from("ü").subarray(1), Buffer.from("ße")])));
        await until(() => expect(Buffer.from(client.received, "latin1").toString()).toContain("grüße"));
        expect(client.received.startsWith("\x8a\x0cstill there?")).toBe(true);
      });

      it("sends the same parts to many sockets, each as one message", async () => {
        const clients = await Promise.all(Array.from({ length: 100 }, () => open()));
        for (const size of [0, 10, 300, 100_000]) await fetch(`${origin}/broadcast?size=${size}`);
        for (const client of clients) {
          await until(() => expect(client.messages.length).toBe(4));
          expect(client.texts).toEqual([0, 10, 300, 100_000].map((size) => `aü${"x".repeat(size)}`));
        }
      });

      it("sends several messages together, each as a message of its own", async () => {
        const clients = [await open(), await open()];
        for (const client of clients) client.socket.send(`!each one zwölf ${"x".repeat(70_000)}`);
        for (const client of clients) {
          await until(() => expect(client.messages).toHaveLength(5));
          expect(client.texts).toEqual(["one", "zwölf", "x".repeat(70_000), "\u0001", "\u0002"]);
          expect(client.messages.map(([, isBinary]) => isBinary)).toEqual([false, false, false, true, true]);
        }
      });

      it("answers pings and reports pings and pongs as signs of life", async () => {
        const logged = await newLog();
        const client = await open();
        client.socket.ping("are you there?");
        const [pong] = await once(client.socket, "pong");
        expect(String(pong)).toBe("are you there?");
        client.socket.send("!ping");
        await once(client.socket, "ping");
        await until(async () => expect((await logged()).filter((line) => line === "alive")).toHaveLength(2));
      });

      it("keeps frames whole when pings and messages cross", async () => {
        const client = await open();
        client.socket.send("!flood 8");
        let pongs = 0;
        client.socket.on("pong", () => pongs++);
        for (let i = 0; i < 50; i++) {
          client.socket.ping(String(i));
          client.socket.send(`m${i}`);
        }
        await until(() => expect(client.messages.length).toBe(58));
        await until(() => expect(pongs).toBe(50));
        expect(client.texts.slice(8)).toEqual(Array.from({ length: 50 }, (_, i) => `m${i}`));
      });
    });

    describe("pressing back", () => {
      it("tells how much a slow reader has not taken, and when it has caught up", async () => {
        const logged = await newLog();
        const client = await open();
        client.socket.pause();
        client.socket.send("!flood 32");
        await until(async () => expect((await pending())[0]).toBeGreaterThan(1024 * 1024));
        expect(await logged()).not.toContain("drained to 0");
        client.socket.resume();
        await until(() => expect(client.messages.length).toBe(32));
        await until(async () => expect(await logged()).toContain("drained to 0"));
        expect(await pending()).toEqual([0]);
      });

      it("stops reading while paused and loses nothing", async () => {
        const client = await open();
        client.socket.send("!pause");
        await until(() => expect(client.texts).toEqual(["paused"]));
        for (let i = 0; i < 16; i++) client.socket.send(Buffer.alloc(MAX_MESSAGE_BYTES));
        client.socket.send("!received");
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(client.socket.bufferedAmount).toBeGreaterThan(4 * MAX_MESSAGE_BYTES);
        await fetch(`${origin}/resume`);
        await until(() => expect(client.messages.length).toBe(18));
        expect(client.texts.at(-1)).toBe(String(16 * MAX_MESSAGE_BYTES + "!pause!received".length));
      });
    });

    describe("ending WebSockets", () => {
      const closedLines = (lines: string[]) => lines.filter((line) => line.startsWith("closed"));

      it("closes with code and reason, and says so once", async () => {
        const logged = await newLog();
        const client = await open();
        client.socket.send("!close 4001 enough of this");
        expect(await client.closed).toEqual([4001, "enough of this"]);
        expect(client.messages).toEqual([]);
        await until(async () => expect(closedLines(await logged())).toEqual(["closed 4001 enough of this"]));
      });

      it("cuts a reason that is too long between characters", async () => {
        const client = await open();
        client.socket.send(`!close 1000 ${"ü".repeat(100)}`);
        expect(await client.closed).toEqual([1000, "ü".repeat(61)]);
      });

      it("reports the peer's code and reason", async () => {
        const logged = await newLog();
        (await open()).socket.close(4002, "bye");
        (await open()).socket.close();
        await until(async () => expect(closedLines(await logged()).sort()).toEqual(["closed 1005", "closed 4002 bye"]));
      });

      it("reports 1006 when the connection just ends", async () => {
        const logged = await newLog();
        (await rawWebSocket()).reset();
        (await rawWebSocket()).socket.end();
        (await open()).socket.send("!abort");
        await until(async () => expect(closedLines(await logged())).toEqual(["closed 1006", "closed 1006", "closed 1006"]));
      });

      it("holds a socket to a limit of its own", async () => {
        const logged = await newLog();
        const { socket } = await open("/ws/small");
        socket.send(Buffer.alloc(1_001));
        await until(async () => expect(closedLines(await logged())).toEqual(["closed 1009"]));
      });

      it("ends a peer that breaks the protocol with the code for it, and reports that code", async () => {
        const violations: [number, Uint8Array[]][] = [
          [
            1009,
            [clientFrame(Opcode.binary, Buffer.alloc(60_000), { isFinal: false }), ...Array.from({ length: 20 }, continuation)],
          ],
          [1007, [clientFrame(Opcode.text, Buffer.from([0xc3, 0x28]))]],
          [1002, [clientFrame(Opcode.text, "x", { isMasked: false })]],
          [1002, [clientFrame(3, "x")]],
        ];
        for (const [code, frames] of violations) {
          const logged = await newLog();
          const client = await rawWebSocket();
          client.write(...frames);
          await until(() => expect(client.received).toContain(String.fromCharCode(0x88)));
          const bytes = Buffer.from(client.received, "latin1");
          expect(bytes.readUInt16BE(bytes.indexOf(0x88) + 2)).toBe(code);
          await until(async () => expect(closedLines(await logged())).toEqual([`closed ${code}`]));
        }
      });

      it("refuses a single frame that announces more than the limit before it has arrived", async () => {
        const client = await rawWebSocket();
        const header = Buffer.alloc(14);
        header.writeUInt16BE(0x82ff);
        header.writeUInt32BE(MAX_MESSAGE_BYTES + 1, 6);
        client.write(header);
        await until(() => expect(client.isEnded).toBe(true));
      });

      it("ends the socket and reports it when the handler throws", async () => {
        const logged = await newLog();
        const client = await open();
        client.socket.send("!throw");
        expect((await client.closed)[0]).toBe(1006);
        await until(async () =>
          expect(await logged()).toEqual(["open offering [] from 127.0.0.1", "error: message threw", "closed 1006"]),
        );
      });

      it("delivers what was sent before a close", async () => {
        const client = await open();
        client.socket.pause();
        client.socket.send("!flood-and-close 16");
        await new Promise((resolve) => setTimeout(resolve, 100));
        client.socket.resume();
        expect(await client.closed).toEqual([1000, "flooded"]);
        expect(client.messages.length).toBe(16);
      });

      it("lets go after 5 s of a peer that neither reads nor answers a close", async () => {
        const logged = await newLog();
        const deaf = await rawWebSocket();
        deaf.socket.pause();
        deaf.write(clientFrame(Opcode.text, "!flood-and-close 16"));
        const silent = await rawWebSocket();
        silent.write(clientFrame(Opcode.text, "!close 1000"));
        await until(async () => expect(closedLines(await logged())).toHaveLength(2));
        expect(await pending()).toEqual([]);
      });

      it("aborts many at once", async () => {
        const clients = await Promise.all(Array.from({ length: 200 }, () => open()));
        await fetch(`${origin}/abort-all`);
        for (const client of clients) expect((await client.closed)[0]).toBe(1006);
      });
    });
  });

  describe(`Starting and stopping on ${runtime}`, () => {
    it("listens on both loopback addresses by default, on one port", async () => {
      const fixture = await start();
      const hasIPv6 = await canBind("::1");
      expect(fixture.hosts).toEqual(hasIPv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]);
      for (const host of hasIPv6 ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"]) {
        expect((await fetch(`http://${host}:${fixture.port}/hot/accepted`)).status).toBe(202);
      }
      await fixture.stop();
    });

    it("listens on the address it is told, and on no other", async () => {
      const fixture = await start({ host: "127.0.0.2" });
      expect(fixture.hosts).toEqual(["127.0.0.2"]);
      expect((await fetch(`http://127.0.0.2:${fixture.port}/hot/accepted`)).status).toBe(202);
      await expect(fetch(`http://127.0.0.1:${fixture.port}/hot/accepted`)).rejects.toThrow();
      await fixture.stop();
    });

    it("says in one sentence why it cannot listen", async () => {
      const fixture = await start();
      const { port } = fixture;
      await expect(start({ port })).rejects.toMatchObject({
        code: "EADDRINUSE",
        message: `Port ${port} on 127.0.0.1 is already in use.`,
      });
      await fixture.stop();
      await expect(start({ host: "192.0.2.1" })).rejects.toMatchObject({
        code: "EADDRNOTAVAIL",
        message: "192.0.2.1 is not an address of this machine.",
      });
      await expect(start({ host: "no such host" })).rejects.toMatchObject({ code: "ENOTFOUND" });
      await expect(start({ port: 70_000 })).rejects.toMatchObject({ code: "ERR_PORT" });
      await expect(start({ tls: { cert: "no certificate", key: "no key" } })).rejects.toMatchObject({ code: "ERR_TLS" });
    });

    it("refuses new connections after stopAccepting, while open ones go on", async () => {
      const fixture = await start({ host: "127.0.0.1" });
      const client = new TestClient(`ws://127.0.0.1:${fixture.port}/ws`);
      await client.opened;
      await fetch(`http://127.0.0.1:${fixture.port}/stop-accepting`, { headers: { connection: "close" } });
      await expect(RawClient.open(fixture.port)).rejects.toThrow("ECONNREFUSED");
      const successor = await start({ host: "127.0.0.1", port: fixture.port });
      client.socket.send("still here");
      await until(() => expect(client.texts).toEqual(["still here"]));
      await fixture.stop();
      await client.closed;
      await successor.stop();
    });

    it("ends everything on close", async () => {
      const fixture = await start({ host: "127.0.0.1" });
      const client = new TestClient(`ws://127.0.0.1:${fixture.port}/ws`);
      await client.opened;
      const idle = await RawClient.open(fixture.port);
      idle.write("GET /hot/accepted HTTP/1.1\r\nHost: x\r\n\r\n");
      const half = await RawClient.open(fixture.port);
      half.write("POST /hot/describe HTTP/1.1\r\nContent-Le");
      const waiting = await RawClient.open(fixture.port);
      waiting.write(upgradeRequest("/ws/slow"));
      const streaming = await RawClient.open(fixture.port);
      streaming.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
      await until(() => expect(streaming.received).toContain("data: 0"));
      await fixture.stop();
      await client.closed;
      await until(() => expect([idle, half, waiting, streaming].map((each) => each.isEnded)).toEqual([true, true, true, true]));
    });
  });

  describe(`TLS on ${runtime}`, () => {
    it("serves HTTPS and secure WebSockets, and ignores those who speak no TLS", async () => {
      const pems = await generate([{ name: "commonName", value: "localhost" }], { keySize: 2048 });
      const fixture = await start({ host: "127.0.0.1", tls: { cert: pems.cert, key: pems.private } });
      const plain = await RawClient.open(fixture.port);
      plain.write("GET /hot/accepted HTTP/1.1\r\nHost: x\r\n\r\n");
      const described = await getJson(`https://127.0.0.1:${fixture.port}/describe`);
      expect(described).toMatchObject({ method: "GET", path: "/describe", secure: true });
      const client = new TestClient(`wss://127.0.0.1:${fixture.port}/ws`);
      await client.opened;
      client.socket.pause();
      client.socket.send("!flood 16");
      client.socket.send("secret");
      await new Promise((resolve) => setTimeout(resolve, 100));
      client.socket.resume();
      await until(() => expect(client.messages.length).toBe(17));
      expect(client.texts.at(-1)).toBe("secret");
      await until(async () => expect(await getJson(`https://127.0.0.1:${fixture.port}/log`)).toContain("drained to 0"));
      client.socket.send("!close 1000 done");
      expect(await client.closed).toEqual([1000, "done"]);
      await fixture.stop();
    });
  });
}

/** Waits until an assertion holds. Generous: a busy machine is no failure. */
function until<T>(assertion: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(assertion, { interval: 20 });
}

function continuation(): Uint8Array {
  return clientFrame(Opcode.continuation, Buffer.alloc(60_000), { isFinal: false });
}

/** A real WebSocket client that keeps what it receives. */
class TestClient {
  readonly socket: WebSocket;
  readonly messages: [data: Buffer, isBinary: boolean][] = [];
  readonly opened: Promise<unknown>;
  readonly closed: Promise<[code: number, reason: string]>;

  constructor(url: string, protocols: string[] = []) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, rejectUnauthorized: false });
    this.socket.on("message", (data, isBinary) => this.messages.push([data as Buffer, isBinary]));
    this.opened = once(this.socket, "open");
    this.closed = new Promise((resolve) => this.socket.on("close", (code, reason) => resolve([code, String(reason)])));
    this.socket.on("error", () => undefined);
  }

  get texts(): string[] {
    return this.messages.map(([data]) => String(data));
  }
}

/** Posts without a declared length; answers the status. */
function postChunked(url: string, chunks: number, chunkBytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: "POST" }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject);
    for (let i = 0; i < chunks; i++) request.write(Buffer.alloc(chunkBytes));
    request.end();
  });
}

/** `fetch` cannot be told to trust a self-signed certificate. */
function getJson(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    httpsRequest(url, { rejectUnauthorized: false }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text));
    })
      .on("error", reject)
      .end();
  });
}

function canBind(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port: 0 }, () => server.close(() => resolve(true)));
  });
}
