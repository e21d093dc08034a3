import { readFileSync } from "node:fs";
import { CloseReasons } from "@signalbox/transport";
import { describe, expect, it } from "vitest";
import { Hub } from "../hub/hub.ts";
import { memoryStore } from "../store/memory-store.ts";
import { Metrics } from "./metrics.ts";

describe("Metrics", () => {
  const hub = new Hub("chat", memoryStore, () => {});
  const metrics = new Metrics({ hubs: () => [hub], servers: () => [], connections: () => 7, draining: () => false });

  const call = {
    connectionId: "c",
    hub: "chat",
    category: "messages",
    event: "e",
    template: { urlTemplate: "http://upstream/" },
    url: "http://upstream/",
    status: 204,
    error: undefined,
    durationMs: 10,
    attempt: 1,
    retryInMs: undefined,
  } as const;

  it("show what the service holds at the moment they are scraped", async () => {
    hub.delivered = 3;
    metrics.closed(CloseReasons.slowConsumer);
    metrics.onCall(call);
    const text = await metrics.registry.metrics();
    expect(text).toContain("signalbox_connections 7");
    expect(text).toContain('signalbox_messages_sent_total{hub="chat"} 3');
    expect(text).toContain('signalbox_connections_closed_total{reason="SlowClient"} 1');
    expect(text).toContain('signalbox_upstream_seconds_count{hub="chat",category="messages",outcome="ok"} 1');
    hub.delivered = 5;
    expect(await metrics.registry.metrics()).toContain('signalbox_messages_sent_total{hub="chat"} 5');
  });

  it("tell only so many hubs apart, since anybody may name one", async () => {
    for (let i = 0; i < 1_000; i++) metrics.onCall({ ...call, hub: `invented${i}` });
    metrics.onCall(call);
    const text = await metrics.registry.metrics();
    expect(text.match(/signalbox_upstream_seconds_count/g)).toHaveLength(201);
    expect(text).toContain('signalbox_upstream_seconds_count{hub="(other)",category="messages",outcome="ok"} 801');
    expect(text).toContain('signalbox_upstream_seconds_count{hub="chat",category="messages",outcome="ok"} 2');
  });

  it("are the ones that docs/metrics.md lists", async () => {
    const rows = (await metrics.registry.getMetricsAsJSON())
      .filter(({ name }) => name.startsWith("signalbox_"))
      .map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
    const page = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");
    expect(page.split("\n").filter((line) => line.startsWith("| `signalbox_"))).toEqual(rows);
  });
});
