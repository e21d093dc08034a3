import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { launch, type Running, signalbox } from "./signalbox.suite.ts";

const require = createRequire(import.meta.url);

let folder: string;
let running: Running | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-functions-"));
  const scope = join(folder, "node_modules", "@azure");
  mkdirSync(scope, { recursive: true });
  const library = require.resolve("azure-functions-v4/package.json");
  symlinkSync(dirname(library), join(scope, "functions"));
  write("host.json", '{"version":"2.0"}');
  write("package.json", '{"main":"app.js"}');
});
afterEach(async () => {
  running?.child.kill("SIGTERM");
  await running?.ended;
  running = undefined;
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/** The host's URL, once the list of functions is out. */
async function listed(process: Running): Promise<string> {
  await expect.poll(() => process.out() + process.err()).toMatch(/Functions:[\s\S]*http:\/\/localhost:\d+/);
  return /http:\/\/localhost:\d+(?=\/api\/)/.exec(process.out().split("Functions:")[1]!)![0];
}

const chat = `
  const { app, input, output, trigger } = require("@azure/functions");
  const info = input.generic({ type: "signalRConnectionInfo", hubName: "chat", connectionStringSetting: "CHAT", userId: "{headers.x-ms-client-principal-name}" });
  const signalR = output.generic({ type: "signalR", hubName: "chat", connectionStringSetting: "CHAT" });
  app.post("negotiate", { extraInputs: [info], handler: (_, context) => ({ jsonBody: context.extraInputs.get(info) }) });
  app.generic("shout", {
    trigger: trigger.generic({ type: "signalRTrigger", name: "event", hubName: "chat", category: "messages", event: "shout", connectionStringSetting: "CHAT" }),
    return: signalR,
    handler: (event) => ({ target: "heard", arguments: [event.UserId, event.Arguments[0].toUpperCase()] }),
  });
`;

describe("signalbox dev", () => {
  it("runs an app with a service of its own, wired both ways, and ends both", async () => {
    write("app.js", chat);
    running = launch(["dev", "-p", "0", "--service-port", "0", "--service-admin-port", "0"], { cwd: folder });
    const url = await listed(running);
    expect(running.out()).toContain("\tshout: signalRTrigger");
    expect(running.out()).toMatch(/\n\*+\nEndpoint=http:\/\/localhost;Port=\d+;AccessKey=\w+;Version=1\.0;\n\*+\n/);

    const signedIn = await fetch(`${url}/.auth/login/github`, {
      method: "POST",
      body: new URLSearchParams({ name: "ada" }),
      redirect: "manual",
    });
    const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
    const connection = new HubConnectionBuilder()
      .withUrl(`${url}/api`, { headers: { cookie } })
      .configureLogging(LogLevel.None)
      .build();
    const heard: unknown[][] = [];
    connection.on("heard", (...args: unknown[]) => void heard.push(args));
    await connection.start();
    await connection.invoke("shout", "hello");
    expect(heard).toEqual([["ada", "HELLO"]]);
    await connection.stop();

    write("app.js", chat.replace("toUpperCase()", "toLowerCase()").replace('app.post("negotiate"', 'app.post("again"'));
    await expect.poll(() => running!.out()).toContain("\tagain: [POST]");
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  it("wires the webhook with its key when keys are asked for", async () => {
    write("app.js", chat);
    running = launch(["dev", "-p", "0", "--service-port", "0", "--service-admin-port", "0", "--enableAuth"], { cwd: folder });
    await listed(running);
    expect(running.out()).toContain("/runtime/webhooks/signalr?code=***");
    const [, dashboard] = /Dashboard (\S+)/.exec(running.out())!;
    const { templates, appended } = await (await fetch(`${dashboard}/api/upstream`)).json();
    expect(templates).toEqual([]);
    expect(appended).toMatchObject([
      { origin: "signalbox dev", urlTemplate: expect.stringMatching(/\/runtime\/webhooks\/signalr\?code=\*\*\*$/) },
    ]);
  });
});

describe("signalbox dev where a port is taken", () => {
  it.each([
    ["-p", "--port"],
    ["--service-port", "--service-port"],
    ["--service-admin-port", "--service-admin-port"],
  ])("by another program's (%s) says which option chooses another", async (flag, named) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    write("app.js", "");
    const args = ["-p", "0", "--service-port", "0", "--service-admin-port", "0", flag, `${port}`];
    const { code, err } = await signalbox(["dev", ...args], { cwd: folder });
    expect(code).toBe(1);
    expect(err).toMatch(
      new RegExp(`signalbox: Port ${port} on 127\\.0\\.0\\.1 is already in use\\. Choose another with [^\\n]*${named}`),
    );
    other.close();
  });
});

describe("signalbox functions start", () => {
  it("runs an app alone", async () => {
    write("app.js", 'require("@azure/functions").app.get("hello", { handler: () => ({ body: "hi" }) });');
    running = launch(["functions", "start", folder, "--port", "0", "--cors", "https://page.example"], { cwd: tmpdir() });
    const url = await listed(running);
    const response = await fetch(`${url}/api/hello`, { headers: { origin: "https://page.example" } });
    expect(await response.text()).toBe("hi");
    expect(response.headers.get("access-control-allow-origin")).toBe("https://page.example");
    await expect
      .poll(() => running!.out())
      .toMatch(/\[\d{4}-\d\d-\d\dT[\d:.]+Z\] Executed 'Functions\.hello' \(Succeeded, Id=/);
  });

  it("uses the machine's identity for a service without a key, when told so", async () => {
    // They stand in for the cloud, which no test reaches: the token endpoint of App Service's managed identities, and a SignalR service.
    const asked: string[] = [];
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const cloud = createHttpServer(({ method, url = "", headers }, response) => {
      const isToken = url.startsWith("/msi?");
      asked.push(
        isToken
          ? `${new URLSearchParams(url.slice(5)).get("resource")} ${headers["x-identity-header"]}`
          : `${method} ${url} ${headers.authorization}`,
      );
      response.setHeader("Content-Type", "application/json");
      const token = { access_token: "entra-token", expires_on: `${expires}`, resource: "r", token_type: "Bearer" };
      response.end(JSON.stringify(isToken ? token : { KeyId: "temporary", AccessKey: "a temporary key" }));
    });
    await new Promise<void>((resolve) => cloud.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      cloud.closeAllConnections();
      cloud.close();
    });
    const origin = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`;
    write(
      "app.js",
      `const { app, input, output } = require("@azure/functions");
      const hub = { hubName: "chat", connectionStringSetting: "CHAT" };
      const info = input.generic({ type: "signalRConnectionInfo", ...hub });
      app.post("negotiate", { extraInputs: [info], handler: (_, context) => ({ jsonBody: context.extraInputs.get(info) }) });
      app.post("send", { extraOutputs: [output.generic({ type: "signalR", name: "out", ...hub })], handler: (_, context) => { context.extraOutputs.set("out", { target: "news" }); } });`,
    );
    const env = {
      CHAT__serviceUri: origin,
      IDENTITY_ENDPOINT: `${origin}/msi`,
      IDENTITY_HEADER: "secret",
      AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    };
    const args = ["functions", "start", folder, "-p", "0", "--azure-identity"];
    running = launch(args, { cwd: tmpdir(), env });
    const url = await listed(running);
    const access = (await (await fetch(`${url}/api/negotiate`, { method: "POST" })).json()) as { readonly accessToken: string };
    const header = JSON.parse(Buffer.from(access.accessToken.split(".")[0]!, "base64url").toString()) as object;
    expect(header).toMatchObject({ kid: "temporary" });
    expect((await fetch(`${url}/api/send`, { method: "POST" })).status).toBe(204);
    expect(asked).toEqual([
      "https://signalr.azure.com secret",
      "GET /api/v1/auth/accessKey Bearer entra-token",
      "POST /api/hubs/chat/:send?api-version=2022-06-01 Bearer entra-token",
    ]);
  });

  it("says in a sentence why it cannot start", async () => {
    const failure = (sentence: RegExp) => ({ code: 1, out: "", err: expect.stringMatching(sentence) });
    expect(await signalbox(["functions", "start", "nowhere", "-p", "0"], { cwd: folder })).toEqual(
      failure(/^signalbox: There is no function app in [^\n]*nowhere: no host\.json, no package\.json\.\n$/),
    );
    write("host.json", '{"version":"3.0"}');
    expect(await signalbox(["functions", "start", "-p", "0"], { cwd: folder })).toEqual(
      failure(/^signalbox: host\.json has version "3\.0"/),
    );
    expect(await signalbox(["functions", "start", "-p", "http"], { cwd: folder })).toEqual(
      failure(/whole number from 0 to 65535/),
    );
  });
});
