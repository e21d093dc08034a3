import pino from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FailureLog } from "./failure-log.ts";
import type { UpstreamCall } from "./observer.ts";
import type { UpstreamTemplate } from "./template.ts";

const template: UpstreamTemplate = { urlTemplate: "http://name:word@app.test/{event}?code=s3cret" };
const failed = (more: Partial<UpstreamCall> = {}): UpstreamCall => ({
  connectionId: "c",
  hub: "chat",
  category: "messages",
  event: "say",
  template,
  url: "http://app.test/say?code=***",
  status: undefined,
  error: "connect ECONNREFUSED",
  durationMs: 1.4,
  attempt: 1,
  retryInMs: undefined,
  ...more,
});

/** The clock is a false one: an interval is longer than a test may take. */
describe("The log of failed upstream calls", () => {
  let lines: { readonly level: number; readonly msg: string; readonly calls?: number; readonly outcomes?: object }[];
  let log: FailureLog;
  const messages = () => lines.map(({ msg }) => msg);
  beforeEach(() => {
    vi.useFakeTimers();
    lines = [];
    log = new FailureLog(pino({ level: "debug" }, { write: (line: string) => lines.push(JSON.parse(line)) }));
  });
  afterEach(() => void vi.useRealTimers());

  it("tells the first few one by one, and of an outage of 20 s two lines more", () => {
    for (let i = 0; i < 2_000; i += 1) {
      log.report(i % 4 === 0 ? failed({ status: 503, error: undefined }) : failed());
      vi.advanceTimersByTime(10);
    }
    expect(messages()).toEqual([
      "The upstream answered 503 to messages/say of hub chat",
      ...Array(3).fill("The upstream did not answer to messages/say of hub chat: connect ECONNREFUSED"),
      "The upstream answered 503 to messages/say of hub chat",
      "More calls to the upstream http://app.test/{event} failed: 747 did not answer, 248 answered 503",
      "More calls to the upstream http://app.test/{event} failed: 750 did not answer, 250 answered 503",
    ]);
    expect(lines.at(-1)).toMatchObject({ level: 40, calls: 1000, outcomes: { "answered 503": 250, "did not answer": 750 } });
  });

  it("begins anew after an interval without a failure", () => {
    for (let i = 0; i < 7; i += 1) log.report(failed());
    vi.advanceTimersByTime(10_000);
    expect(messages()[5]).toMatch(/failed: 2 did not answer$/);
    vi.advanceTimersByTime(10_000);
    log.report(failed());
    expect(lines).toHaveLength(7);
    expect(messages()[6]).toBe(messages()[0]);
  });

  it("counts each template by itself, and at the end says what waits", () => {
    const other = { ...template, urlTemplate: "http://other.test/" };
    for (let i = 0; i < 6; i += 1) log.report(failed());
    log.report(failed({ template: other }));
    log.flush();
    expect(lines).toHaveLength(7);
    expect(messages()[6]).toContain("http://app.test/{event} failed: 1 did not answer");
    vi.advanceTimersByTime(30_000);
    expect(lines).toHaveLength(7);
  });

  it("keeps no secret of a template", () => {
    for (let i = 0; i < 6; i += 1) log.report(failed());
    log.flush();
    expect(JSON.stringify(lines)).not.toMatch(/s3cret|word@/);
  });

  it("leaves a 404 to connected and disconnected at debug, however many", () => {
    for (let i = 0; i < 10; i += 1) log.report(failed({ category: "connections", status: 404, error: undefined }));
    expect(lines.map(({ level }) => level)).toEqual(Array(10).fill(20));
  });
});
