import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { AwaitedInvocations } from "./awaited-invocations.ts";

interface Waiting {
  readonly asked: string;
  readonly number: number;
}

describe("Invocations that wait for completions", () => {
  it("are found by id from the connection that was asked, and from no other", () => {
    const awaited = new AwaitedInvocations<string, Waiting>();
    awaited.add("1", { asked: "ann", number: 1 });
    expect(awaited.find("1", "ann")?.number).toBe(1);
    expect(awaited.find("1", "eve")).toBeUndefined();
    expect(awaited.find("2", "ann")).toBeUndefined();
  });

  it("say which one an id that is used again takes the place of", () => {
    const awaited = new AwaitedInvocations<string, Waiting>();
    expect(awaited.add("1", { asked: "ann", number: 1 })).toBeUndefined();
    expect(awaited.add("1", { asked: "ben", number: 2 })?.number).toBe(1);
    expect(awaited.deleteOf("ann")).toEqual([]);
    expect(awaited.deleteOf("ben")).toEqual([["1", { asked: "ben", number: 2 }]]);
    expect(awaited.size).toBe(0);
  });

  it("are overdue after ten minutes, those without a beginning never", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const awaited = new AwaitedInvocations<string, { readonly asked: string; readonly at?: number }>();
    const early = { asked: "ann", at: performance.now() };
    awaited.add("early", early);
    vi.advanceTimersByTime(300_000);
    awaited.add("later", { asked: "ann", at: performance.now() });
    expect(awaited.deleteOverdue()).toEqual([]);
    vi.advanceTimersByTime(300_000);
    expect(awaited.deleteOverdue()).toEqual([early]);
    expect(awaited.deleteOf("ann").map(([id]) => id)).toEqual(["later"]);
    awaited.add("timeless", { asked: "ben" });
    vi.advanceTimersByTime(600_000);
    expect(awaited.deleteOverdue()).toEqual([]);
  });

  it("are those that a list would hold, whatever comes and goes", () => {
    const id = fc.constantFrom("1", "2", "3", "4", "5");
    const asked = fc.constantFrom("ann", "ben", "eve");
    const step = fc.oneof(
      fc.record({ does: fc.constant("add" as const), id, asked }),
      fc.record({ does: fc.constant("delete" as const), id, asked }),
      fc.record({ does: fc.constant("leave" as const), id, asked }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const awaited = new AwaitedInvocations<string, Waiting>();
        let list: [string, Waiting][] = [];
        for (const [number, { does, id, asked }] of steps.entries()) {
          if (does === "leave") {
            expect(awaited.deleteOf(asked)).toEqual(list.filter(([, waiting]) => waiting.asked === asked));
            list = list.filter(([, waiting]) => waiting.asked !== asked);
          } else {
            const former = list.find(([known]) => known === id)?.[1];
            expect(does === "add" ? awaited.add(id, { asked, number }) : awaited.delete(id)).toEqual(former);
            list = list.filter(([known]) => known !== id);
            if (does === "add") list.push([id, { asked, number }]);
          }
          expect([...awaited]).toEqual(list);
        }
      }),
    );
  });
});
