import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { type RunningApp, startApp } from "../../test/test-app.ts";
import { toTypedData } from "../contracts/typed-data.ts";
import { streamInvocation } from "./http-stream.ts";

/** As the HTTP front does it: the request to the app's own server, the invocation without it beside. */
async function stream({ host }: RunningApp, name: string, request: Request, timeoutMs?: number) {
  const invocationId = randomUUID();
  const trigger = host.app?.functions.find((candidate) => candidate.name === name)?.bindings[0]?.name ?? "";
  const metadata = {
    Headers: Object.fromEntries(request.headers),
    Query: Object.fromEntries(new URL(request.url).searchParams),
    id: "7",
  };
  const invocation = host.invoke(
    {
      invocationId,
      functionName: name,
      inputs: { [trigger]: { http: {} } },
      triggerMetadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, toTypedData(value)])),
    },
    timeoutMs === undefined ? {} : { timeoutMs },
  );
  return await streamInvocation({ httpUri: host.app?.httpUri ?? "", invocationId, request, invocation });
}

const start = (code: string) =>
  startApp({
    library: "azure-functions-v4",
    files: {
      "package.json": { main: "index.js" },
      "index.js": `const { app } = require("@azure/functions"); app.setup({ enableHttpStream: true });\n${code}`,
    },
  });

/** reference functions-host §1.5. */
it("an app that does not ask for streams has no address for them", async () => {
  const running = await startApp({
    library: "azure-functions-v4",
    files: { "package.json": { main: "index.js" }, "index.js": "require('@azure/functions').app.get('f', () => ({}));" },
  });
  expect(running.loaded.httpUri).toBeUndefined();
});

it("a request arrives whole, with the address the client used", async () => {
  const running =
    await start(`app.post("f", async (request) => ({ status: 201, headers: { "x-a": "1" }, cookies: [{ name: "n", value: "v" }], jsonBody: {
    url: request.url, method: request.method, header: request.headers.get("x-h"), id: request.params.id, body: await request.text() } }));`);
  const request = new Request("https://site.example/api/f/7?q=1", { method: "POST", headers: { "x-h": "h" }, body: "hello" });
  const response = (await stream(running, "f", request)) as Response;
  expect([response.status, response.headers.get("x-a"), response.headers.getSetCookie()]).toEqual([201, "1", ["n=v"]]);
  expect(response.headers.get("x-ms-invocation-id")).toBeNull();
  expect(await response.json()).toEqual({
    url: "https://site.example/api/f/7?q=1",
    method: "POST",
    header: "h",
    id: "7",
    body: "hello",
  });
});

it("bodies flow in both directions while the handler runs", async () => {
  const running = await start(`app.post("echo", (request) => ({ body: request.body }));`);
  let more: (text: string | undefined) => void = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      more = (text) => (text === undefined ? controller.close() : controller.enqueue(Buffer.from(text)));
    },
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
  const answer = stream(running, "echo", new Request("http://h/api/echo", init));
  more("one");
  const reader = ((await answer) as Response).body?.getReader();
  const read = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
  expect(await read()).toBe("one");
  more("two");
  expect(await read()).toBe("two");
  more(undefined);
  expect((await reader?.read())?.done).toBe(true);
});

it("a handler that throws is an error, not a hanging socket", async () => {
  const running = await start(`app.get("f", () => { throw new Error("no"); });`);
  expect(await stream(running, "f", new Request("http://h/api/f"))).toMatchObject({ failure: "function", message: "no" });
});

it("a time-out and a crash are errors", async () => {
  const running = await start(
    `app.get("slow", () => new Promise(() => {})); app.get("exits", () => process.exit(1)); app.get("good", () => ({ body: "good" }));`,
  );
  expect(await stream(running, "slow", new Request("http://h/api/slow"), 200)).toMatchObject({ failure: "timeout" });
  const good = (await streamAfterRestart(running)) as Response;
  expect(await good.text()).toBe("good");
  expect(await stream(running, "exits", new Request("http://h/api/exits"))).toMatchObject({ failure: "crashed" });
});

async function streamAfterRestart(running: RunningApp) {
  await new Promise((resolve) => running.host.on("restarted", resolve));
  return await stream(running, "good", new Request("http://h/api/good"));
}
