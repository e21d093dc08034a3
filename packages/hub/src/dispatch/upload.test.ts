import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HubException } from "../hub/errors.ts";
import { Upload } from "./upload.ts";

/** Counts what an upload asks of its connection. */
class Owner {
  pauses = 0;
  pause() {
    this.pauses += 1;
  }
  resume() {
    this.pauses -= 1;
  }
}

const collect = async (upload: Upload) => {
  const items: unknown[] = [];
  for await (const item of upload) items.push(item);
  return items;
};

describe("An upload", () => {
  it("hands over every item in order, whoever is faster, and lets its connection go on at the end", async () => {
    const step = fc.oneof(fc.constant("push" as const), fc.constant("read" as const));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), async (steps, capacity) => {
        const owner = new Owner();
        const upload = new Upload(owner, capacity);
        const reads: Promise<IteratorResult<unknown>>[] = [];
        let pushed = 0;
        for (const step of steps) {
          if (step === "read") reads.push(upload.next());
          // Who is paused sends nothing.
          else if (owner.pauses === 0) upload.push(pushed++);
          expect(pushed - reads.length).toBeLessThanOrEqual(capacity + 1);
        }
        upload.complete();
        const read = (await Promise.all(reads)).filter(({ done }) => !done).map(({ value }) => value);
        expect([...read, ...(await collect(upload))]).toEqual(Array.from({ length: pushed }, (_, i) => i));
        expect(owner.pauses).toBe(0);
      }),
    );
  });

  it("pauses its connection when more than its capacity waits", async () => {
    const owner = new Owner();
    const upload = new Upload(owner, 2);
    for (let i = 0; i < 3; i++) upload.push(i);
    expect(owner.pauses).toBe(1);
    await upload.next();
    expect(owner.pauses).toBe(0);
  });

  it("ends with the client's error, after what came before", async () => {
    const upload = new Upload(new Owner(), 10);
    upload.push(1);
    upload.complete("lost");
    expect((await upload.next()).value).toBe(1);
    await expect(upload.next()).rejects.toThrow(new HubException("lost"));
    expect((await upload.next()).done).toBe(true);
  });

  it("drops what comes after its reader has stopped", async () => {
    const owner = new Owner();
    const upload = new Upload(owner, 1);
    for (let i = 0; i < 2; i++) upload.push(i);
    for await (const _ of upload) break;
    expect(owner.pauses).toBe(0);
    upload.push(3);
    upload.complete("late");
    expect(await collect(upload)).toEqual([]);
  });

  it("wakes its reader when the connection ends", async () => {
    const upload = new Upload(new Owner(), 1);
    const next = upload.next();
    upload.cancel();
    await expect(next).rejects.toThrow("canceled");
  });
});
