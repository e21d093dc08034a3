import { describe, expect, it } from "vitest";
import { Throttle } from "./throttle.ts";

describe("a throttle", () => {
  it("runs so many at once, lets so many wait, refuses the rest, in order", async () => {
    const throttle = new Throttle({ maxConcurrentRequests: 2, maxOutstandingRequests: 4 });
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const started: number[] = [];
    const runs = gates.map((gate, index) =>
      throttle.run(async () => {
        started.push(index);
        await gate.promise;
        return index;
      }),
    );
    expect(await throttle.run(async () => "too many")).toBeUndefined();
    expect(started).toEqual([0, 1]);
    gates[1]!.resolve();
    await expect.poll(() => started).toEqual([0, 1, 2]);
    for (const gate of gates) gate.resolve();
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3]);
    expect(await throttle.run(async () => "free again")).toBe("free again");
  });

  it("gives the place free when the work fails, and has no limit at -1", async () => {
    const one = new Throttle({ maxConcurrentRequests: 1, maxOutstandingRequests: 1 });
    await expect(one.run(() => Promise.reject(new Error("x")))).rejects.toThrow("x");
    expect(await one.run(async () => 1)).toBe(1);
    const none = new Throttle({ maxConcurrentRequests: -1, maxOutstandingRequests: -1 });
    expect(await Promise.all(Array.from({ length: 50 }, () => none.run(async () => 1)))).toHaveLength(50);
  });
});
