import { describe, expect, it } from "vitest";
import type { UpstreamCall } from "./observer.ts";
import { RecentCalls } from "./recent-calls.ts";
import { templateId } from "./template-id.ts";

const template = { hubPattern: "a", urlTemplate: "http://host/" };
const call: UpstreamCall = {
  connectionId: "c",
  hub: "a",
  category: "messages",
  event: "e",
  template,
  url: "http://host/",
  status: 200,
  error: undefined,
  durationMs: 1.26,
  attempt: 1,
  retryInMs: undefined,
};

describe("the recent calls", () => {
  it("are the last twenty of each template, newest first", () => {
    const calls = new RecentCalls();
    for (let attempt = 1; attempt <= 30; attempt += 1) calls.onCall({ ...call, attempt });
    calls.onCall({ ...call, template: { ...template, hubPattern: "b" } });
    const kept = calls.of(templateId(template));
    expect(kept).toHaveLength(20);
    expect(kept[0]).toMatchObject({ attempt: 30, status: 200, durationMs: 1.3 });
    expect(kept.at(-1)).toMatchObject({ attempt: 11 });
  });

  it("belong to the content of a template, not to its place or to an object", () => {
    const calls = new RecentCalls();
    calls.onCall(call);
    expect(calls.of(templateId({ urlTemplate: "http://host/", hubPattern: "a" }))).toHaveLength(1);
    expect(calls.of(templateId({ ...template, eventPattern: "x" }))).toEqual([]);
  });

  it("hold little, whatever a client calls its events", () => {
    const calls = new RecentCalls();
    calls.onCall({ ...call, event: "x".repeat(1_000_000), url: `http://host/${"x".repeat(1_000_000)}` });
    expect(JSON.stringify(calls.of(templateId(template))).length).toBeLessThan(1_000);
  });

  it("are forgotten with their template", () => {
    const calls = new RecentCalls();
    calls.onCall(call);
    calls.keepOnly(new Set());
    expect(calls.of(templateId(template))).toEqual([]);
  });
});
