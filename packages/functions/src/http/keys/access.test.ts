import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpBindings, v3Function } from "../../../test/test-app.ts";
import { type StartedFront, send, startFront } from "../started-front.suite.ts";

const script = "module.exports = async (context) => { context.res = { body: 'ok' }; };";
const level = (authLevel: string | undefined) => [{ ...httpBindings[0], authLevel }, httpBindings[1]!];

/** reference functions-host §3.3 */
describe("keys", () => {
  let app: StartedFront;
  let keys: Record<"master" | "host" | "own" | "other" | "system", string>;
  beforeAll(async () => {
    app = await startFront({
      options: { enableAuth: true },
      files: {
        ...v3Function("open", level("Anonymous"), script),
        ...v3Function("keyed", level("function"), script),
        ...v3Function("default", level(undefined), script),
        ...v3Function("closed", level("ADMIN"), script),
        ...v3Function("off", level("anonymous"), script, { disabled: true }),
      },
    });
    const { secrets } = app;
    await app.front.register({ extension: "signalr", handle: async (request) => new Response(`got ${await request.text()}`) });
    keys = {
      master: secrets.masterKey,
      host: await secrets.ensure("functionkeys"),
      own: await secrets.ensure({ functionName: "KEYED" }),
      other: await secrets.ensure({ functionName: "closed" }),
      system: secrets.keys("systemkeys").get("signalr_extension")!,
    };
  });
  afterAll(() => app.stop());

  const call = async (path: string, key: string | undefined, by: "header" | "query" = "header", method = "GET") => {
    const url = `${app.url}${path}${key !== undefined && by === "query" ? `?code=${encodeURIComponent(key)}` : ""}`;
    return send(url, { method, headers: key !== undefined && by === "header" ? { "x-functions-key": key } : {} });
  };

  const none = undefined;
  it.each<[string, keyof typeof keys | "wrong" | undefined, number]>([
    ["/api/open", none, 200],
    ["/api/open", "wrong", 200],
    ["/api/keyed", none, 401],
    ["/api/keyed", "wrong", 401],
    ["/api/keyed", "own", 200],
    ["/api/keyed", "host", 200],
    ["/api/keyed", "master", 200],
    ["/api/keyed", "other", 401],
    ["/api/keyed", "system", 401],
    ["/api/default", none, 401],
    ["/api/default", "host", 200],
    ["/api/closed", "host", 401],
    ["/api/closed", "other", 401],
    ["/api/closed", "master", 200],
    ["/api/off", none, 404],
    ["/api/off", "host", 404],
    ["/api/off", "master", 200],
    ["/admin/host/status", none, 401],
    ["/admin/host/status", "host", 401],
    ["/admin/host/status", "system", 401],
    ["/admin/host/status", "master", 200],
    ["/admin/functions", none, 401],
    ["/admin/anything", none, 401],
    ["/admin/host/ping", none, 200],
    ["/runtime/webhooks/signalr", none, 401],
    ["/runtime/webhooks/signalr", "host", 401],
    ["/runtime/webhooks/signalr", "system", 200],
    ["/runtime/webhooks/signalr", "master", 200],
    ["/runtime/webhooks/SignalR", "system", 200],
    ["/runtime/webhooks/none", "system", 401],
    ["/runtime/webhooks/none", "master", 404],
  ])("%s with key %s answers %d", async (path, name, status) => {
    const key = name === undefined ? undefined : name === "wrong" ? "wrong" : keys[name];
    for (const by of ["header", "query"] as const) {
      const answer = await call(path, key, by);
      expect(answer.status, by).toBe(status);
      if (status === 401) expect(answer.text).toBe("");
    }
  });

  it("looks at the header first", async () => {
    const url = `${app.url}/api/keyed?code=${keys.own}`;
    expect(await send(url, { headers: { "x-functions-key": "wrong" } })).toMatchObject({ status: 401 });
  });

  it("hands the webhook the request as it came", async () => {
    const url = `${app.url}/runtime/webhooks/signalr?code=${keys.system}`;
    expect(await send(url, { method: "POST", body: "event" })).toMatchObject({ status: 200, text: "got event" });
  });
});

describe("without keys", () => {
  it("every request may do everything, but a disabled function stays away", async () => {
    const app = await startFront({
      files: {
        ...v3Function("closed", level("admin"), script),
        ...v3Function("off", level("anonymous"), script, { disabled: true }),
      },
    });
    await app.front.register({ extension: "signalr", handle: async () => new Response(null, { status: 202 }) });
    try {
      expect(await send(`${app.url}/api/closed`)).toMatchObject({ status: 200 });
      expect(await send(`${app.url}/api/off`)).toMatchObject({ status: 404 });
      expect(await send(`${app.url}/admin/functions`)).toMatchObject({ status: 200 });
      expect(await send(`${app.url}/runtime/webhooks/signalr`, { method: "POST" })).toMatchObject({ status: 202 });
    } finally {
      await app.stop();
    }
  });
});
