import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { MAX_MESSAGE_BYTES } from "../../test/listener-fixture.ts";
import { upgradeRequest } from "../../test/raw-client.ts";
import { WireClient } from "../../test/wire-client.ts";
import type { RunningFixture, StartFixture } from "./listener.suite.ts";

const text = 1;
const binary = 2;
const continuation = 0;
const close = 8;
const ping = 9;
const pong = 10;

/** UTF-8 of "κόσμε" and of a smiley, for cutting in unlucky places. */
const greek = Buffer.from("κόσμε 🎉");

/**
 * RFC 6455 as the Autobahn test suite asks about it, by group. The fixture echoes each message. What counts is what the client sees: the
 * echo, the code of the close frame, or the end.
 */
export function conformanceSuite(runtime: string, start: StartFixture): void {
  describe(`WebSockets on ${runtime}, by RFC 6455`, () => {
    let fixture: RunningFixture;
    const clients: WireClient[] = [];
    beforeAll(async () => {
      fixture = await start();
    });
    afterAll(() => fixture.stop());
    afterEach(() => {
      for (const client of clients.splice(0)) client.destroy();
    });
    const connect = async (headers = ""): Promise<WireClient> => {
      const client = await WireClient.open(fixture.port, upgradeRequest("/ws", headers));
      clients.push(client);
      return client;
    };

    describe("framing (Autobahn 1)", () => {
      it.each([0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, MAX_MESSAGE_BYTES])(
        "echoes text and binary of %i bytes",
        async (size) => {
          const client = await connect();
          for (const opcode of [text, binary]) {
            client.send(opcode, Buffer.alloc(size, "*"));
            const frame = await client.next();
            expect([frame.opcode, frame.isFinal, frame.payload.length]).toEqual([opcode, true, size]);
          }
        },
      );

      it.each([1, 3, 997])("does not care where TCP cuts the bytes: chops of %i", async (size) => {
        const client = await connect();
        await client.sendInChops(
          size,
          WireClient.frame(text, greek),
          WireClient.frame(binary, Buffer.alloc(size < 100 ? 300 : 70_000, 7)),
        );
        expect((await client.next()).payload).toEqual(greek);
        expect((await client.next()).opcode).toBe(binary);
      });

      it("unmasks with whatever mask the client chose, and never masks itself", async () => {
        const client = await connect();
        for (const mask of [
          [0, 0, 0, 0],
          [255, 255, 255, 255],
          [1, 2, 3, 4],
          [0x80, 0, 0x7f, 0xff],
        ]) {
          client.send(text, greek, { mask: Buffer.from(mask) });
          const frame = await client.next();
          expect([frame.payload.toString(), frame.isMasked]).toEqual([greek.toString(), false]);
        }
      });

      it.each([
        ["16 bits", (length: number) => Buffer.from([0x81, 0xfe, length >> 8, length & 255])],
        ["64 bits", (length: number) => Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0, length >> 8, length & 255])],
      ])("takes a short length written in %s, or ends with 1002", async (_, header) => {
        const client = await connect();
        client.write(header(5), Buffer.alloc(4), Buffer.from("hello"));
        const frame = await client.next();
        if (frame.opcode === close) expect(frame.code).toBe(1002);
        else expect(frame.payload.toString()).toBe("hello");
      });

      it("ends with 1002 for a frame that is not masked", async () => {
        const client = await connect();
        client.send(text, "x", { mask: null });
        expect(await client.closeCode()).toBe(1002);
      });
    });

    describe("pings and pongs (Autobahn 2)", () => {
      it.each([0, 1, 125])("answers a ping of %i bytes with the same bytes", async (size) => {
        const client = await connect();
        const payload = Buffer.alloc(size, 0xfe);
        client.send(ping, payload);
        expect(await client.next()).toMatchObject({ opcode: pong, payload });
      });

      it("ends with 1002 for a ping of 126 bytes", async () => {
        const client = await connect();
        client.send(ping, Buffer.alloc(126));
        expect(await client.closeCode()).toBe(1002);
      });

      it("passes over pongs that nobody asked for, and goes on", async () => {
        const client = await connect();
        client.send(pong);
        client.send(pong, "unsolicited");
        client.send(ping, "real");
        expect(await client.next()).toMatchObject({ opcode: pong, payload: Buffer.from("real") });
      });

      it("answers ten pings in their order, chopped or not", async () => {
        const client = await connect();
        const pings = Array.from({ length: 10 }, (_, i) => WireClient.frame(ping, `payload ${i}`));
        await client.sendInChops(1, ...pings);
        for (let i = 0; i < 10; i++) expect((await client.next()).payload.toString()).toBe(`payload ${i}`);
      });
    });

    describe("reserved bits and opcodes (Autobahn 3, 4)", () => {
      it.each([1, 2, 3, 4, 5, 6, 7])("ends with 1002 for reserved bits %i, after what came before", async (reserved) => {
        for (const opcode of [text, binary, ping, close]) {
          const client = await connect();
          client.send(text, "before");
          client.send(opcode, opcode === close ? WireClient.closePayload(1000) : "x", { reserved });
          expect((await client.next()).payload.toString()).toBe("before");
          expect(await client.closeCode()).toBe(1002);
        }
      });

      it.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])("ends with 1002 for the opcode %i", async (opcode) => {
        const client = await connect();
        client.send(opcode, "x");
        expect(await client.closeCode()).toBe(1002);
      });
    });

    describe("fragments (Autobahn 5)", () => {
      it("joins them, with control frames in between and empty ones among them", async () => {
        const client = await connect();
        client.send(text, "frag", { isFinal: false });
        client.send(ping, "now");
        client.send(continuation, "", { isFinal: false });
        client.send(pong, "whatever");
        client.send(continuation, "ment");
        expect(await client.next()).toMatchObject({ opcode: pong, payload: Buffer.from("now") });
        expect(await client.next()).toMatchObject({ opcode: text, payload: Buffer.from("fragment") });
      });

      it("joins a thousand of one byte", async () => {
        const client = await connect();
        const frames = Array.from({ length: 1_000 }, (_, i) =>
          WireClient.frame(i === 0 ? binary : continuation, "x", { isFinal: i === 999 }),
        );
        client.write(...frames);
        expect((await client.next()).payload).toEqual(Buffer.alloc(1_000, "x"));
      });

      it.each([ping, pong, close])("ends with 1002 for a fragmented control frame, opcode %i", async (opcode) => {
        const client = await connect();
        client.send(opcode, opcode === close ? WireClient.closePayload(1000) : "x", { isFinal: false });
        client.send(continuation, "y");
        expect(await client.closeCode()).toBe(1002);
      });

      it.each([true, false])("ends with 1002 for a continuation of nothing, final: %s", async (isFinal) => {
        const client = await connect();
        client.send(continuation, "x", { isFinal });
        client.send(text, "y");
        expect(await client.closeCode()).toBe(1002);
      });

      it.each([text, binary])("ends with 1002 for a new message amid another, opcode %i", async (opcode) => {
        const client = await connect();
        client.send(text, "one", { isFinal: false });
        client.send(opcode, "two");
        expect(await client.closeCode()).toBe(1002);
      });
    });

    describe("UTF-8 (Autobahn 6)", () => {
      it("takes it wherever fragments cut it", async () => {
        const client = await connect();
        for (let cut = 0; cut <= greek.length; cut++) {
          client.send(text, greek.subarray(0, cut), { isFinal: false });
          client.send(continuation, greek.subarray(cut));
          expect((await client.next()).payload).toEqual(greek);
        }
      });

      it.each([
        ["U+0000", [0]],
        ["U+007F", [0x7f]],
        ["U+0080", [0xc2, 0x80]],
        ["U+07FF", [0xdf, 0xbf]],
        ["U+0800", [0xe0, 0xa0, 0x80]],
        ["U+D7FF", [0xed, 0x9f, 0xbf]],
        ["U+E000", [0xee, 0x80, 0x80]],
        ["U+FFFE, no character", [0xef, 0xbf, 0xbe]],
        ["U+FFFF, no character", [0xef, 0xbf, 0xbf]],
        ["U+10000", [0xf0, 0x90, 0x80, 0x80]],
        ["U+10FFFF", [0xf4, 0x8f, 0xbf, 0xbf]],
      ])("takes %s", async (_, bytes) => {
        const client = await connect();
        client.send(text, Buffer.from(bytes));
        expect((await client.next()).payload).toEqual(Buffer.from(bytes));
      });

      it.each([
        ["a continuation without a start", [0x80]],
        ["two of them", [0x80, 0xbf]],
        ["a start without its continuation", [0xc3]],
        ["a start before a blank", [0xe2, 0x20]],
        ["an overlong slash", [0xc0, 0xaf]],
        ["an overlong slash of three bytes", [0xe0, 0x80, 0xaf]],
        ["an overlong null", [0xf0, 0x80, 0x80, 0x80]],
        ["a high surrogate", [0xed, 0xa0, 0x80]],
        ["a low surrogate", [0xed, 0xbf, 0xbf]],
        ["a pair of surrogates", [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
        ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
        ["five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
        ["FE", [0xfe]],
        ["FF", [0xff]],
        ["a text cut at its end", [...greek.subarray(0, -1)]],
      ])("ends with 1007 for %s, whole, in fragments, and after a valid start", async (_, bytes) => {
        const bad = Buffer.from(bytes);
        for (const send of [
          (client: WireClient) => client.send(text, bad),
          (client: WireClient) => {
            for (const byte of bad.subarray(0, -1))
              client.send(client.isCut ? continuation : text, Buffer.from([byte]), { isFinal: false });
            client.send(bad.length > 1 ? continuation : text, bad.subarray(-1));
          },
          (client: WireClient) => client.send(text, Buffer.concat([Buffer.from("valid "), bad])),
        ]) {
          const client = await connect();
          send(client);
          expect(await client.closeCode()).toBe(1007);
        }
      });

      it("does not look at binary", async () => {
        const client = await connect();
        client.send(binary, Buffer.from([0xff, 0xfe, 0xc3]));
        expect((await client.next()).payload).toEqual(Buffer.from([0xff, 0xfe, 0xc3]));
      });
    });

    describe("closing (Autobahn 7)", () => {
      it.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])(
        "answers a close with %i by the same code, or 1000, and ends TCP",
        async (code) => {
          const client = await connect();
          client.send(close, WireClient.closePayload(code));
          expect([code, 1000]).toContain(await client.closeCode());
          await client.ended;
        },
      );

      it("answers a close without a code, and one with a long reason", async () => {
        for (const payload of [Buffer.alloc(0), WireClient.closePayload(1000, "x".repeat(123))]) {
          const client = await connect();
          client.send(close, payload);
          expect((await client.next()).opcode).toBe(close);
          await client.ended;
        }
      });

      it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
        "ends with 1002 for the code %i",
        async (code) => {
          const client = await connect();
          client.send(close, WireClient.closePayload(code));
          expect(await client.closeCode()).toBe(1002);
          await client.ended;
        },
      );

      it.each([
        ["half a code", Buffer.from([3])],
        ["126 bytes", WireClient.closePayload(1000, "x".repeat(124))],
      ])("ends with 1002 for a close payload of %s", async (_, payload) => {
        const client = await connect();
        client.send(close, payload);
        expect(await client.closeCode()).toBe(1002);
        await client.ended;
      });

      it("ends with 1007 for a reason that is no UTF-8", async () => {
        const client = await connect();
        client.send(
          close,
          Buffer.concat([WireClient.closePayload(1000), Buffer.from([0xce, 0xba, 0xe1, 0xbd, 0xed, 0xa0, 0x80])]),
        );
        expect([1002, 1007]).toContain(await client.closeCode());
        await client.ended;
      });

      it("hears nothing after a close, and echoes what came before", async () => {
        const client = await connect();
        client.write(
          WireClient.frame(text, "before"),
          WireClient.frame(close, WireClient.closePayload(1000)),
          WireClient.frame(text, "after"),
          WireClient.frame(ping, "after"),
          WireClient.frame(close, WireClient.closePayload(1000)),
        );
        expect((await client.next()).payload.toString()).toBe("before");
        expect((await client.next()).opcode).toBe(close);
        await client.ended;
        expect(client.unread).toEqual([]);
      });
    });

    describe("limits (Autobahn 9)", () => {
      it("ends with 1009, or at once, for a byte more than the limit: in one frame, and in fragments", async () => {
        for (const send of [
          (client: WireClient) => client.send(binary, Buffer.alloc(MAX_MESSAGE_BYTES + 1)),
          (client: WireClient) => {
            for (let i = 0; i < 17; i++)
              client.send(i === 0 ? text : continuation, Buffer.alloc(65_536, "x"), { isFinal: false });
          },
        ]) {
          const client = await connect();
          send(client);
          await client.ended;
          const [frame] = client.unread;
          if (frame !== undefined) expect(frame.code).toBe(1009);
        }
      });

      it("echoes a megabyte in fragments of 64 bytes and of 64 KiB", async () => {
        for (const size of [256, 65_536]) {
          const client = await connect();
          const count = MAX_MESSAGE_BYTES / size;
          for (let i = 0; i < count; i++)
            client.send(i === 0 ? binary : continuation, Buffer.alloc(size, i), { isFinal: i === count - 1 });
          expect((await client.next()).payload).toHaveLength(MAX_MESSAGE_BYTES);
        }
      });
    });

    describe("compression (Autobahn 12, 13)", () => {
      it("is declined", async () => {
        const client = await connect("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
        expect(client.head.toLowerCase()).not.toContain("sec-websocket-extensions");
        client.send(text, "plain");
        expect((await client.next()).payload.toString()).toBe("plain");
      });
    });

    it("random bytes after the handshake harm nobody else", async () => {
      const bystander = await connect();
      for (let i = 0; i < 50; i++) {
        const client = await connect();
        const noise = Buffer.from(Array.from({ length: 200 }, () => Math.floor(Math.random() * 256)));
        client.write(noise);
        if (i % 2 === 0) client.destroy();
      }
      bystander.send(text, "still here");
      await vi.waitFor(async () => expect((await bystander.next()).payload.toString()).toBe("still here"));
    });
  });
}
