import { describe, expect, it } from "vitest";
import { loadSettings } from "../config/load.ts";
import { StartedAdmin } from "./started-admin.suite.ts";

const token = "an-admin-token-of-at-least-32-characters";
const authorization = `Bearer ${token}`;
const urlTemplate = "http://127.0.0.1:1/";

describe("an admin listener on loopback", () => {
  it("asks for no token, of page, API and metrics", async () => {
    const admin = await StartedAdmin.start();
    for (const path of ["/api/upstream", "/metrics", "/health/ready", "/health/live"])
      expect((await admin.call("GET", path)).status, path).toBe(200);
    expect((await admin.call("GET", "/api/session")).json).toEqual({ tokenNeeded: false, signedIn: true });
  });

  it.each([
    ["evil.example", 421],
    ["evil.example:8889", 421],
    ["localhost.evil.example", 421],
    ["127.0.0.1.evil.example", 421],
    ["192.0.2.1", 421],
    ["localhost", 200],
    ["LOCALHOST:1", 200],
    ["127.0.0.1:8889", 200],
    ["[::1]:8889", 200],
    ["dash.example", 200],
    ["Dash.Example:99", 200],
  ])("asked as '%s' answers %d: names that somebody else points here are refused", async (host, status) => {
    const admin = await StartedAdmin.start({ adminHosts: "dash.example" });
    for (const path of ["/api/upstream", "/metrics", "/"]) {
      const answer = await admin.call("GET", path, { headers: { host } });
      if (status === 421) expect(answer.status, path).toBe(421);
      else expect(answer.status, path).not.toBe(421);
    }
    expect((await admin.call("GET", "/health/live", { headers: { host } })).status).toBe(200);
  });

  it("names the setting to a browser that comes by another name", async () => {
    const admin = await StartedAdmin.start();
    const { json } = await admin.call("GET", "/api/upstream", { headers: { host: "signalbox.example.com" } });
    expect(json.error).toBe(
      "The host name 'signalbox.example.com' is not known here: add it to adminHosts (SIGNALBOX_ADMIN_HOSTS).",
    );
  });

  it.each([
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["another port of localhost", { "sec-fetch-site": "same-site", origin: "http://localhost:3000" }],
    ["another origin, in a browser without Sec-Fetch-Site", { origin: "http://localhost:3000" }],
    ["a sandboxed frame", { origin: "null" }],
    [
      "a form",
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "content-type": "application/x-www-form-urlencoded" },
    ],
  ])("refuses what a page of %s asks and changes nothing", async (_, headers) => {
    const admin = await StartedAdmin.start();
    const { "x-frame-options": frames } = (await admin.call("GET", "/")).headers;
    expect(frames).toBe("DENY");
    for (const [method, path] of [
      ["PUT", "/api/upstream"],
      ["DELETE", "/api/upstream"],
      ["POST", "/api/upstream/test"],
      ["GET", "/api/upstream"],
      ["GET", "/api/upstream/live"],
    ] as const) {
      const body = method === "GET" ? undefined : { templates: [{ urlTemplate }] };
      const answer = await admin.call(method, path, { headers: { "if-match": "*", ...headers }, body });
      expect(answer.status, `${method} ${path}`).toBe(403);
    }
    expect(admin.service.templates).toEqual([]);
  });

  it("takes changes of its own page, under whatever known name, and of tools", async () => {
    const admin = await StartedAdmin.start({ adminHosts: "dash.example" });
    for (const headers of [
      { host: "localhost:8889", origin: "http://localhost:8889", "sec-fetch-site": "same-origin" },
      // Behind a proxy that ends TLS.
      { host: "dash.example", origin: "https://dash.example", "sec-fetch-site": "same-origin" },
      {},
    ])
      expect((await admin.save([{ urlTemplate }], { "if-match": "*", ...headers })).status).toBe(200);
  });

  it("lets a link from elsewhere lead to the page, but not to its data", async () => {
    const admin = await StartedAdmin.start();
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect((await admin.call("GET", "/", { headers })).status).not.toBe(403);
    expect((await admin.call("GET", "/api/upstream", { headers })).status).toBe(403);
    expect((await admin.call("GET", "/metrics", { headers })).status).toBe(403);
  });

  it("sends headers that keep foreign scripts and frames out", async () => {
    const { headers } = await (await StartedAdmin.start()).call("GET", "/");
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|\*|data:/);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  });
});

describe("an admin listener with a token", () => {
  it.each([
    ["none", {}],
    ["another one", { authorization: `Bearer ${token}x` }],
    ["an empty one", { authorization: "Bearer " }],
    ["another scheme", { authorization: `Basic ${btoa(`:${token}`)}` }],
    ["the token as a cookie", { cookie: `signalbox-admin=${token}` }],
    ["a cookie without a signature", { cookie: "signalbox-admin=99999999999." }],
    ["a forged cookie", { cookie: `signalbox-admin=99999999999.${"A".repeat(43)}` }],
  ])("refuses %s, but answers health and shows the page", async (_, headers) => {
    const admin = await StartedAdmin.start({ adminToken: token });
    for (const path of ["/api/upstream", "/api/upstream/live", "/metrics"]) {
      const answer = await admin.call("GET", path, { headers });
      expect(answer.status, path).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
      expect(answer.json.error).toContain("adminToken");
    }
    expect((await admin.save([], { "if-match": "*", ...headers })).status).toBe(401);
    expect((await admin.call("GET", "/health/ready", { headers })).text).toBe("ready");
    expect((await admin.call("GET", "/", { headers })).status).not.toBe(401);
    expect((await admin.call("GET", "/api/session", { headers })).json).toEqual({ tokenNeeded: true, signedIn: false });
  });

  it("takes the token as a bearer, by whatever name the listener is reached", async () => {
    const admin = await StartedAdmin.start({ adminToken: token });
    const headers = { authorization, host: "signalbox.monitoring.svc:8889" };
    expect((await admin.call("GET", "/metrics", { headers })).text).toContain("signalbox_connections");
    expect((await admin.call("GET", "/api/upstream", { headers })).status).toBe(200);
  });

  it("signs a browser in by a cookie that no script and no other site can use", async () => {
    const admin = await StartedAdmin.start({ adminToken: token });
    const wrong = await admin.call("POST", "/api/session", { body: { token: "wrong" } });
    expect([wrong.status, wrong.headers["set-cookie"]]).toEqual([401, undefined]);
    const right = await admin.call("POST", "/api/session", { body: { token } });
    const cookie = right.headers["set-cookie"]![0]!;
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token);
    const headers = { cookie: cookie.split(";", 1)[0] };
    expect((await admin.call("GET", "/api/upstream", { headers })).status).toBe(200);
    expect((await admin.call("GET", "/metrics", { headers })).status).toBe(200);
    expect((await admin.call("GET", "/api/upstream", { headers: { ...headers, host: "evil.example" } })).status).toBe(421);
    const out = await admin.call("DELETE", "/api/session", { headers });
    expect(out.headers["set-cookie"]![0]).toMatch(/^signalbox-admin=; Max-Age=0/);
  });

  it("forgets sessions when the token changes", async () => {
    const admin = await StartedAdmin.start({ adminToken: token });
    const { headers } = await admin.call("POST", "/api/session", { body: { token } });
    const other = await StartedAdmin.start({ adminToken: `${token}-new` });
    const answer = await other.call("GET", "/api/upstream", {
      headers: { cookie: headers["set-cookie"]![0]!.split(";", 1)[0] },
    });
    expect(answer.status).toBe(401);
  });

  it("tells a page that follows live nothing more when the token changes", async () => {
    const admin = await StartedAdmin.start({ adminToken: token });
    const response = await fetch(`${admin.service.adminUrl}/api/upstream/live`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const flags = { port: "0", inMemory: true, adminToken: `${token}-new`, "upstream.templates": "http://127.0.0.1:1/" };
    admin.service.reload(loadSettings({ folder: "/nonexistent", flags }).settings);
    // Ends by itself.
    expect((await response.text()).match(/event: changed/g)).toHaveLength(1);
  });

  it("may listen beyond loopback, and is reached there by address", async () => {
    const admin = await StartedAdmin.start({ adminToken: token, adminIp: "0.0.0.0" });
    expect(admin.service.adminUrl).toBe(`http://localhost:${admin.service.adminPort}`);
    expect((await admin.call("GET", "/", { headers: { host: "192.0.2.1:8889" } })).status).not.toBe(421);
    expect((await admin.call("GET", "/", { headers: { host: "evil.example" } })).status).toBe(421);
  });
});
