import { Duplex, PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Channel } from "./channel.ts";

function recorder() {
  const written: Buffer[] = [];
  const pipe = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      done();
    },
  });
  return { written, pipe };
}

/** What comes out when the bytes arrive cut at these places. */
function receive(bytes: Buffer, cuts: readonly number[]): unknown[] {
  const received: unknown[] = [];
  const pipe = new PassThrough();
  new Channel<unknown, never>(pipe as Duplex, (message) => received.push(message));
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    pipe.emit("data", bytes.subarray(from, Math.max(from, cut)));
    from = Math.max(from, cut);
  }
  pipe.emit("data", bytes.subarray(from));
  return received;
}

it("messages arrive whole and in order however the pipe cuts them", () => {
  const message = fc.record({
    type: fc.string(),
    bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    deep: fc.array(fc.integer()),
  });
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(400), { maxLength: 12 }),
      (messages, cuts) => {
        const { written, pipe } = recorder();
        const sender = new Channel<never, unknown>(pipe, () => {});
        for (const one of messages) sender.send(one);
        const bytes = Buffer.concat(written);
        expect(
          receive(
            bytes,
            cuts.filter((cut) => cut <= bytes.length),
          ),
        ).toEqual(messages);
      },
    ),
  );
});

it("messages sent soon leave in one write, in order with those sent at once", async () => {
  const { written, pipe } = recorder();
  const sender = new Channel<never, unknown>(pipe, () => {});
  sender.sendSoon(1);
  sender.sendSoon(2);
  expect(written).toEqual([]);
  sender.send(3);
  sender.sendSoon(4);
  sender.sendSoon(5);
  await sender.flushed();
  expect(receive(Buffer.concat(written), [])).toEqual([1, 2, 3, 4, 5]);
  expect(written.filter(({ length }) => length > 0)).toHaveLength(3);
});

it("undefined members do not travel", () => {
  const { written, pipe } = recorder();
  new Channel<never, unknown>(pipe, () => {}).send({ a: undefined, b: null });
  expect(receive(Buffer.concat(written), [])).toEqual([{ b: null }]);
});

it("what cannot travel is refused and costs nobody else anything", () => {
  const { written, pipe } = recorder();
  const sender = new Channel<never, unknown>(pipe, () => {});
  expect(() => sender.send({ method: () => {} })).toThrow();
  sender.send("next");
  expect(receive(Buffer.concat(written), [])).toEqual(["next"]);
});

it("after the end of the other side sending does nothing", async () => {
  const { pipe } = recorder();
  const sender = new Channel<never, unknown>(pipe, () => {});
  pipe.destroy();
  sender.send("lost");
  await sender.flushed();
});
