import { describe, expect, it } from "vitest";
import { UntakenEvents } from "./untaken-events.ts";

const event = { hub: "Chat", category: "messages", event: "hello" } as const;

describe("the events that no template takes", () => {
  it("are counted by hub, category and event, the latest first", () => {
    const events = new UntakenEvents();
    for (const name of ["a", "b", "a"]) events.onUntaken({ ...event, event: name });
    expect(events.all).toEqual([
      { ...event, event: "a", count: 2, at: expect.any(Number) },
      { ...event, event: "b", count: 1, at: expect.any(Number) },
    ]);
  });

  it("are twenty at most, and short, whatever clients invent", () => {
    const events = new UntakenEvents();
    for (let i = 0; i < 1_000; i += 1) events.onUntaken({ ...event, event: `${i} ${"x".repeat(100_000)}` });
    expect(events.all).toHaveLength(20);
    expect(events.all[0]!.event).toMatch(/^999 /);
    expect(JSON.stringify(events.all).length).toBeLessThan(10_000);
  });

  it("are forgotten when a template takes them, and listeners hear of both", () => {
    const events = new UntakenEvents();
    let changes = 0;
    const end = events.onChange(() => {
      changes += 1;
    });
    events.onUntaken(event);
    events.onUntaken({ ...event, hub: "other" });
    events.forget(({ hub }) => hub === "Chat");
    expect(events.all.map(({ hub }) => hub)).toEqual(["other"]);
    expect(changes).toBe(3);
    end();
    events.onUntaken(event);
    expect(changes).toBe(3);
  });
});
