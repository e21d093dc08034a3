import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { httpBindings, v3Function } from "../../../test/test-app.ts";
import { type StartedFront, send, startFront } from "../started-front.suite.ts";

/** reference functions-host §3.5 */
describe("/admin", () => {
  let app: StartedFront;
  const restart = vi.fn();
  beforeAll(async () => {
    app = await startFront({
      options: { restart },
      files: {
        ...v3Function(
          "Chat",
          [{ ...httpBindings[0], route: "chat/{id}" }, httpBindings[1]!],
          "module.exports = async () => {};",
        ),
        ...v3Function(
          "tick",
          [{ type: "timerTrigger", direction: "in", name: "timer", schedule: "0 0 0 1 1 *" }],
          "module.exports = async (context, timer) => context.log('ticked', JSON.stringify(timer));",
        ),
        ...v3Function(
          "notify",
          [{ type: "signalRTrigger", direction: "in", name: "i", hubName: "chat", category: "messages", event: "x" }],
          "module.exports = async (context, i) => context.log('notified', i.UserId);",
        ),
        ...v3Function("broken", [{ ...httpBindings[0], route: "{" }, httpBindings[1]!], "module.exports = async () => {};"),
      },
      settings: {
        AzureSignalRConnectionString:
          "Endpoint=http://localhost;AccessKey=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH;Version=1.0;",
      },
    });
  });
  afterAll(() => app.stop());
  const get = async (path: string) => {
    const answer = await send(app.url + path);
    return { status: answer.status, json: answer.text === "" ? undefined : JSON.parse(answer.text) };
  };
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await send(app.url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.status, json: answer.text === "" ? undefined : JSON.parse(answer.text) };
  };

  it("tells how the host is", async () => {
    expect(await get("/Admin/Host/Status")).toEqual({
      status: 200,
      json: expect.objectContaining({
        id: expect.any(String),
        state: "Running",
        version: "4.0.0-test",
        processUptime: expect.any(Number),
        errors: [expect.stringMatching(/^broken: The route template/)],
      }),
    });
  });

  it.each(["/admin/host/ping", "/admin/warmup"])("answers %s", async (path) => {
    for (const method of ["GET", "POST"])
      expect(await send(app.url + path, { method })).toMatchObject({ status: 200, text: "" });
  });

  it("takes a deployment's wish to look at the triggers anew", async () => {
    expect(await ask("POST", "/admin/host/synctriggers")).toEqual({ status: 200, json: { status: "success" } });
  });

  it("lists functions, and one", async () => {
    const { json } = await get("/admin/functions");
    expect(json.map(({ name }: { name: string }) => name)).toEqual(["Chat", "broken", "notify", "tick"]);
    expect((await get("/admin/functions/chat")).json).toMatchObject({
      name: "Chat",
      href: `${app.url}/admin/functions/Chat`,
      invoke_url_template: `${app.url}/api/chat/{id}`,
      language: "node",
      config: { scriptFile: "Chat/index.js", bindings: [{ type: "httpTrigger" }, { type: "http" }] },
      isDisabled: false,
      isDirect: true,
      isProxy: false,
    });
    expect((await get("/admin/functions/tick")).json.invoke_url_template).toBeNull();
    expect(await get("/admin/functions/tick/status")).toEqual({ status: 200, json: { isDisabled: false } });
    expect(await get("/admin/functions/none")).toMatchObject({ status: 404 });
  });

  it.each([
    ["tick", { input: "" }, 'ticked {"schedule":{"adjustForDST":true},"scheduleStatus":null,"isPastDue":false}'],
    ["TICK", undefined, "ticked"],
    ["notify", { input: '{"UserId":"ann"}' }, "notified ann"],
  ])("runs %s by hand", async (name, body, line) => {
    const before = app.logs.length;
    expect(await ask("POST", `/admin/functions/${name}`, body)).toMatchObject({ status: 202 });
    await expect
      .poll(() => app.logs.slice(before).some(({ message }) => message.toLowerCase().includes(line.toLowerCase())))
      .toBe(true);
  });

  it.each([
    ["none", {}, 404],
    ["Chat", { input: "" }, 400],
    ["tick", [1], 400],
  ])("does not run %s with %j", async (name, body, status) => {
    expect(await ask("POST", `/admin/functions/${name}`, body)).toMatchObject({ status });
  });

  it("has no draining where the host offers none", async () => {
    expect(await ask("POST", "/admin/host/drain")).toMatchObject({ status: 404 });
    expect(await get("/admin/host/drain/status")).toMatchObject({ status: 404 });
    expect(await ask("POST", "/admin/host/resume")).toEqual({ status: 200, json: { state: "Running" } });
  });

  it("takes includeProxies, and names every function the same way", async () => {
    expect((await get("/admin/functions?includeProxies=true")).json).toEqual((await get("/admin/functions")).json);
  });

  it("restarts when the host can", async () => {
    expect(await ask("POST", "/admin/host/restart")).toMatchObject({ status: 202 });
    expect(restart).toHaveBeenCalledOnce();
  });

  it.each([
    ["/admin/host/functionkeys", "default"],
    ["/admin/host/keys", "default"],
    ["/admin/functions/Chat/keys", "default"],
  ])("lists keys at %s", async (path, name) => {
    expect((await get(path)).json).toEqual({
      keys: [{ name, value: expect.any(String) }],
      links: [{ rel: "self", href: app.url + path }],
    });
  });

  it.each(["/admin/host/functionkeys", "/admin/host/systemkeys", "/admin/functions/tick/keys"])(
    "manages keys at %s",
    async (path) => {
      const one = `${path}/Partner`;
      expect(await get(one)).toMatchObject({ status: 404 });
      const made = await ask("POST", one);
      expect(made).toMatchObject({ status: 201, json: { name: "Partner", links: [{ rel: "self", href: app.url + one }] } });
      expect((await ask("POST", one)).json.value).not.toBe(made.json.value);
      expect(await ask("PUT", one, { name: "Partner", value: "mine" })).toMatchObject({ status: 200, json: { value: "mine" } });
      expect(await get(one)).toMatchObject({ status: 200, json: { value: "mine" } });
      expect(await ask("PUT", one, { name: "Other", value: "x" })).toMatchObject({ status: 400 });
      expect(await ask("PUT", one, { name: "Partner" })).toMatchObject({ status: 400 });
      expect(await ask("DELETE", one)).toMatchObject({ status: 204 });
      expect(await ask("DELETE", one)).toMatchObject({ status: 404 });
    },
  );

  it("gives deployment scripts the webhook's key", async () => {
    const key = await app.front.register({ extension: "signalr", handle: async () => new Response() });
    expect((await get("/admin/host/systemkeys/signalr_extension")).json).toMatchObject({
      name: "signalr_extension",
      value: key,
    });
  });

  it("changes the master key, which cannot be removed", async () => {
    const before = app.secrets.masterKey;
    expect((await get("/admin/host/systemkeys/_master")).json.value).toBe(before);
    expect((await ask("POST", "/admin/host/keys/_master")).status).toBe(200);
    expect(app.secrets.masterKey).not.toBe(before);
    expect((await ask("DELETE", "/admin/host/systemkeys/_master")).status).toBe(400);
    expect((await ask("POST", "/admin/host/systemkeys/_other")).status).toBe(400);
  });

  it.each(["/admin/none", "/admin", "/admin/host/none", "/admin/functions/none/keys"])("does not know %s", async (path) => {
    expect(await get(path)).toMatchObject({ status: 404 });
  });
});
