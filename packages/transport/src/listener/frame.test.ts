import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, LastMessage } from "./frame.ts";

// ws does not export its receiver's type; it is the judge of what a frame means.
const { Receiver } = createRequire(import.meta.url)("ws") as {
  Receiver: new (
    options: object,
  ) => NodeJS.WritableStream & { on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void };
};

function decode(frame: Uint8Array): { data: Buffer; isBinary: boolean }[] {
  const messages: { data: Buffer; isBinary: boolean }[] = [];
  const receiver = new Receiver({ isServer: false, skipUTF8Validation: true });
  receiver.on("message", (data, isBinary) => messages.push({ data, isBinary }));
  receiver.write(frame);
  return messages;
}

describe("A server frame", () => {
  it("carries the parts in order as one message, whatever their lengths", () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 65_000, max: 70_000 }).map((n) => new Uint8Array(n)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.boolean(), (parts, isText) => {
        expect(decode(encodeFrame(parts, isText))).toEqual([{ data: Buffer.concat(parts), isBinary: !isText }]);
      }),
    );
  });
});

describe("The last message", () => {
  const [a, b] = [Buffer.from("a"), Buffer.from("b")];
  it("is made once for the same parts, even in another list", () => {
    const last = new LastMessage(encodeFrame);
    const frame = last.of([a, b], true);
    expect(last.of([a, b], true)).toBe(frame);
  });

  it("is made anew for other parts, fewer or more of them, another order, or the other kind", () => {
    const last = new LastMessage(encodeFrame);
    const kinds: [Uint8Array[], boolean][] = [
      [[a, b], true],
      [[b, a], true],
      [[a], true],
      [[a, b], true],
      [[a, b], false],
      [[Buffer.from("a"), b], false],
      [[], false],
    ];
    const frames = kinds.map(([parts, isText]) => last.of(parts, isText));
    expect(new Set(frames).size).toBe(kinds.length);
  });
});
