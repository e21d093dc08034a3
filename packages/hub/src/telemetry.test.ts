import { metrics, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { RawClient } from "../test/raw-client.ts";
import { connect } from "../test/test-client.ts";
import { Hub, type HubFilter, type HubObserver, HubServer } from "./index.ts";

const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
metrics.setGlobalMeterProvider(provider);
beforeEach(() => spans.reset());
afterAll(() => provider.shutdown());

// As docs/hub.md has it.

const meter = metrics.getMeter("app");
const duration = meter.createHistogram("signalr.server.connection.duration", { unit: "s" });
const active = meter.createUpDownCounter("signalr.server.active_connections");
const observer: HubObserver = {
  connectionStarted: ({ features }) => active.add(1, { "signalr.transport": features.transport }),
  connectionEnded({ features }, status, seconds) {
    active.add(-1, { "signalr.transport": features.transport });
    duration.record(seconds, { "signalr.transport": features.transport, "signalr.connection.status": status });
  },
};

const tracer = trace.getTracer("app");
const tracing: HubFilter = {
  invokeMethod({ hub, methodName, headers }, next) {
    const service = hub.constructor.name;
    const attributes = { "rpc.system": "signalr", "rpc.service": service, "rpc.method": methodName };
    const parent = propagation.extract(ROOT_CONTEXT, headers);
    return tracer.startActiveSpan(`${service}/${methodName}`, { kind: SpanKind.SERVER, attributes }, parent, async (span) => {
      try {
        return await next();
      } catch (error) {
        span.setAttribute("error.type", (error as Error).name).setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  },
};

class Chat extends Hub {
  echo(text: string) {
    return text;
  }

  fail() {
    throw new RangeError("no");
  }
}

async function start(options: object = {}) {
  const listening = await new HubServer({ observer, filters: [tracing], onError: () => {}, ...options })
    .map("/chat", Chat)
    .listen(0);
  return { url: `http://127.0.0.1:${listening.port}/chat`, close: () => listening.close() };
}

/** What was recorded of a metric: attributes and value. */
async function recorded(name: string) {
  await reader.forceFlush();
  const all = exported
    .getMetrics()
    .at(-1)!
    .scopeMetrics.flatMap((scope) => scope.metrics);
  return all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
}

describe("OpenTelemetry", () => {
  it("counts connections, and how they ended and when", async () => {
    const [server, impatient] = [await start(), await start({ clientTimeoutInterval: 300 })];
    const ann = await connect({ url: server.url, transportName: "LongPolling" });
    const bob = await connect({ url: server.url, transportName: "WebSockets" });
    const silent = await RawClient.open(impatient.url);
    silent.send({ type: 6 });
    const counted = async () =>
      (await recorded("signalr.server.active_connections")).map(({ attributes, value }) => [
        attributes["signalr.transport"],
        value,
      ]);
    expect(Object.fromEntries(await counted())).toMatchObject({ LongPolling: 1 });
    await expect.poll(() => silent.closed).toBe(true);
    await bob.stop();
    await expect.poll(async () => Object.fromEntries(await counted())).toEqual({ LongPolling: 1, WebSockets: 0 });
    await server.close();
    await impatient.close();
    const ended = (await recorded("signalr.server.connection.duration")).map(({ attributes, value }) => ({
      ...attributes,
      ...(value as { count: number; sum: number }),
    }));
    const once = (transport: string, status: string) =>
      expect.objectContaining({ "signalr.transport": transport, "signalr.connection.status": status, count: 1 });
    expect(ended).toHaveLength(3);
    expect(ended).toEqual(
      expect.arrayContaining([
        once("LongPolling", "app_shutdown"),
        once("WebSockets", "normal_closure"),
        once("WebSockets", "timeout"),
      ]),
    );
    const seconds = ended.find((each) => (each as Record<string, unknown>)["signalr.connection.status"] === "timeout")!.sum;
    expect(seconds).toBeGreaterThanOrEqual(0.3);
    // Milliseconds would be at least 300.
    expect(seconds).toBeLessThan(300);
    await ann.stop();
  });

  it("traces calls as a part of their client's trace", async () => {
    const server = await start();
    const client = await RawClient.open(server.url);
    const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    client.send(
      { type: 1, invocationId: "1", target: "ECHO", arguments: ["x"], headers: { traceparent: `00-${traceId}-${spanId}-01` } },
      { type: 1, invocationId: "2", target: "fail", arguments: [] },
    );
    await expect.poll(() => spans.getFinishedSpans()).toHaveLength(2);
    const [echo, fail] = spans.getFinishedSpans();
    expect(echo).toMatchObject({
      name: "Chat/echo",
      kind: SpanKind.SERVER,
      parentSpanContext: { traceId, spanId },
      attributes: { "rpc.system": "signalr", "rpc.service": "Chat", "rpc.method": "echo" },
    });
    expect(fail).toMatchObject({ name: "Chat/fail", attributes: { "error.type": "RangeError" }, parentSpanContext: undefined });
    client.socket.terminate();
    await server.close();
  });

  it("that fails is reported, and the connection lives", async () => {
    const errors: string[] = [];
    const broken: HubObserver = {
      connectionStarted() {
        throw new Error("no figures today");
      },
    };
    const server = await start({
      observer: broken,
      onError: (error: Error, doing: string) => errors.push(`${error.message} ${doing}`),
    });
    const ann = await connect({ url: server.url });
    expect(await ann.invoke("echo", "x")).toBe("x");
    expect(errors).toEqual(["no figures today telling the observer (Chat)"]);
    await ann.stop();
    await server.close();
  });
});
