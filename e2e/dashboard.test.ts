import { globSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Axe from "axe-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Browser, launchChromium, type Page } from "./support/chromium.ts";
import { startDevApp } from "./support/dev-app.ts";
import { connectInNode } from "./support/node-client.ts";
import { root } from "./support/repository.ts";
import { takeScreenshot } from "./support/screenshot.ts";
import { keptPort, type RunningService, type ServiceOptions, startService } from "./support/service.ts";
import { chromium } from "./support/system-parts.ts";
import { combinations } from "./support/test-client.ts";
import { clientToken, clientUrl } from "./support/token.ts";
import { startUpstream, type Upstream } from "./support/upstream.ts";

declare const axe: typeof Axe;

/** The text that the raw-WebSocket preview had its users paste, the function app's address filled in. */
const document = (host: string) => `{
  "templates": [
    {
      "hubPattern": "advanced_chat_demo",
      "categoryPattern": "*",
      "eventPattern": "*",
      "urlTemplate": "http://${host}/api/{event}"
    }
  ]
}`;

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const path = chromium.find();

/** No scrolling sideways, and nothing for axe to complain about. */
async function expectReadable(page: Page, colorScheme: "light" | "dark", width: number): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 820 });
  const scrollWidth = await page.evaluate(() => globalThis.document.documentElement.scrollWidth);
  expect(scrollWidth, "no scrolling sideways").toBeLessThanOrEqual(width);
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => axe.run());
  expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
}

describe("the built page", () => {
  it("is as new as its sources: npm run build", () => {
    const newest = (pattern: string) =>
      Math.max(...globSync(pattern, { cwd: root }).map((file) => statSync(join(root, file)).mtimeMs));
    expect(newest("packages/service/dist/dashboard/**")).toBeGreaterThan(newest("packages/dashboard/{index.html,src/**}"));
  });

  it("is small: scripts, styles and all in less than 64 KB before compression", () => {
    const files = globSync("packages/service/dist/dashboard/**/*.*", { cwd: root });
    expect(files.length).toBeGreaterThan(2);
    expect(files.reduce((sum, file) => sum + statSync(join(root, file)).size, 0)).toBeLessThan(64_000);
  });
});

describe.skipIf(path === undefined)("the dashboard in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(path!);
  });
  afterAll(() => browser?.close());

  const start = async (options: ServiceOptions = {}): Promise<RunningService> => {
    const service = await startService(options);
    onTestFinished(() => service[Symbol.asyncDispose]());
    return service;
  };
  const upstream = async (
    answer: Parameters<typeof startUpstream>[0] = () => undefined,
  ): Promise<Upstream & { readonly host: string }> => {
    const started = await startUpstream(answer);
    onTestFinished(() => started[Symbol.asyncDispose]());
    const { host } = new URL(started.settings.UpstreamSettings.Templates[0]!.UrlTemplate);
    return Object.assign(started, { host });
  };
  /** A tab of its own; what its console complains about fails the test, and a script that the policy blocks is such a thing. */
  const open = async (
    service: Pick<RunningService, "adminUrl">,
    options: Parameters<Browser["newPage"]>[0] = {},
  ): Promise<Page> => {
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    // A status of 4xx and a service that stops are no fault of the page.
    page.on(
      "console",
      (message) =>
        message.type() === "error" &&
        !/^Failed to load resource: (the server responded with a status of 4|net::ERR_)/.test(message.text()) &&
        complaints.push(message.text()),
    );
    onTestFinished(async () => {
      await page.close();
      expect(complaints).toEqual([]);
    });
    await page.goto(service.adminUrl);
    return page;
  };
  const paste = async (page: Page, text: string) => {
    await page.getByRole("button", { name: "JSON" }).click();
    await page.getByRole("dialog").getByLabel("JSON").fill(text);
    await page.getByRole("button", { name: "Use these" }).click();
  };
  const template = (page: Page, number: number) => page.getByRole("listitem", { name: `Template ${number}`, exact: false });
  const connect = async (service: RunningService, hub: string) => {
    const client = await connectInNode({
      ...combinations[0]!,
      url: clientUrl(service, hub),
      accessToken: clientToken(service, hub),
    });
    onTestFinished(() => client.stop());
    return client;
  };

  it.each(["Node 26", "Bun"] as const)(
    "takes the document's JSON as it is, in force at once, and has it after a restart, on %s",
    async (runtime) => {
      const app = await upstream();
      await using first = await startService({ runtime, args: ["--admin-port", "0"], port: keptPort() });
      const page = await open(first);
      await expect.poll(() => page.getByText("In force: nothing. The settings name no templates.").isVisible()).toBe(true);
      await paste(page, document(app.host));
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("saved here").waitFor();

      await connect(first, "advanced_chat_demo");
      await expect
        .poll(() => app.requests.map(({ event, url }) => [event, url]))
        .toEqual([["connections/connected", "/api/connected"]]);
      // The page hears of it without being asked.
      await template(page, 1).locator("summary").getByText("connections/connected").waitFor();

      expect(await first.stop()).toBe(0);
      await using second = await startService({ runtime, folder: first.folder, port: first.port });
      await expect.poll(second.output).toContain("Upstream, saved on the dashboard:");
      const again = await open(second);
      await again.getByText("saved here").waitFor();
      expect(await template(again, 1).getByLabel("URL").inputValue()).toBe(`http://${app.host}/api/{event}`);
      await again.getByRole("button", { name: "Back to the settings" }).click();
      await again.getByRole("dialog").getByRole("button", { name: "Back to the settings" }).click();
      await again.getByText("No templates: nobody hears").waitFor();
    },
  );

  it("says which template an event hits, unsaved ones too, and shows what the upstream answers to a test", async () => {
    const app = await upstream(() => ({ status: 418, body: "short and stout" }));
    const service = await start({
      settings: { templates: [{ hubPattern: "chat", urlTemplate: `http://${app.host}/{hub}/{event}?code=secret` }] },
    });
    const page = await open(service);
    const box = page.getByRole("form", { name: "Test an event" });
    await box.getByText(`http://${app.host}/chat/connected?code=***`).waitFor();
    await box.getByLabel("Hub").fill("other");
    await box.getByText("No template takes it").waitFor();
    await page.getByRole("button", { name: "Add template" }).click();
    await template(page, 2).getByLabel("URL").fill(`http://${app.host}/unsaved/{event}`);
    await box.getByText("Template 2 takes it").waitFor();
    await box.getByRole("button", { name: "Send test event" }).click();
    await box.getByText("short and stout").waitFor();
    // A port may hold the same digits.
    await box.getByText("418", { exact: true }).waitFor();
    const [request] = app.requests;
    expect([request!.url, request!.event]).toEqual(["/unsaved/connected", "connections/connected"]);
    expect(request!.connectionId).toMatch(/^test-/);
    expect(request!.headers["x-asrs-signature"]).toMatch(/^sha256=/);
  });

  it("shows events that no template takes as they happen, and begins a template for them", async () => {
    const app = await upstream();
    const service = await start({
      settings: { templates: [{ hubPattern: "other", urlTemplate: `http://${app.host}/{event}` }] },
    });
    const page = await open(service);
    await template(page, 1).waitFor();
    const client = await connect(service, "chat");
    for (let i = 0; i < 3; i++) await client.send("newMessage", "x");
    const missed = page.getByRole("region", { name: "No template takes these" });
    await missed.getByRole("row", { name: /^messages\/newMessage chat 3 / }).waitFor();
    await missed.getByRole("row", { name: /^connections\/connected chat 1 / }).waitFor();
    await expectReadable(page, "light", 390);
    await expectReadable(page, "dark", 1200);
    await missed.getByRole("button", { name: "Add a template for messages/newMessage of hub chat" }).press("Enter");
    expect(await template(page, 2).getByLabel("Hub").inputValue()).toBe("chat");
    await template(page, 2).getByLabel("URL").fill(`http://${app.host}/{event}`);
    await page.keyboard.press("Control+s");
    await missed.waitFor({ state: "detached" });
    await client.send("newMessage", "x");
    await expect.poll(() => app.requests.map(({ url }) => url)).toEqual(["/newMessage"]);
  });

  it("says under signalbox dev what dev has wired, and how that goes with templates of one's own", async () => {
    await using dev = await startDevApp(join(root, "samples/sign-in"));
    const [, adminUrl = ""] = /Dashboard +(\S+)/.exec(dev.output())!;
    const page = await open({ adminUrl });
    await page.getByText("In force: what signalbox dev adds.").waitFor();
    const wired = page.getByRole("listitem", { name: "Template 1, read-only" });
    expect(await wired.getByLabel("URL").inputValue()).toBe(`${dev.url}/runtime/webhooks/signalr`);
    await wired.getByText("from signalbox dev: read-only, tried last").waitFor();

    const app = await upstream();
    await page.getByRole("button", { name: "Add template" }).click();
    await template(page, 1).getByLabel("URL").fill(`http://${app.host}/{event}`);
    // It takes everything.
    const last = page.getByRole("listitem", { name: "Template 2, read-only" });
    await last.getByText("never reached: template 1 takes all of it").waitFor();
    await template(page, 1).getByLabel("Hub").fill("mine");
    await last.getByText("never reached").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("and for all that they leave what signalbox dev adds").waitFor();
    await last.getByText("takes the test event").waitFor();
  }, 180_000);

  it("hides keys until asked, and keeps them when the rest of a URL is edited", async () => {
    const app = await upstream();
    const service = await start({ settings: { templates: [{ urlTemplate: `http://${app.host}/old?code=secret` }] } });
    const page = await open(service);
    const url = template(page, 1).getByLabel("URL");
    await expect.poll(() => url.inputValue()).toBe(`http://${app.host}/old?code=***`);
    await url.fill(`http://${app.host}/new?code=***`);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("saved here").waitFor();
    await connect(service, "chat");
    await expect.poll(() => app.requests.map((request) => request.url)).toEqual(["/new?code=secret"]);
    await page.getByRole("button", { name: "Show keys" }).click();
    await expect.poll(() => url.inputValue()).toBe(`http://${app.host}/new?code=secret`);
  });

  it("names what is wrong beside its field, and saves nothing of it", async () => {
    const service = await start({ settings: { templates: ["http://localhost:1/"] } });
    const page = await open(service);
    await template(page, 1).getByLabel("URL").fill("localhost/{event}");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await template(page, 1).getByText("Must be an absolute http or https URL").waitFor();
    expect(await template(page, 1).getByLabel("URL").getAttribute("aria-invalid")).toBe("true");
    await page.getByRole("button", { name: "Discard" }).click();
    await expect.poll(() => template(page, 1).getByLabel("URL").inputValue()).toBe("http://localhost:1/");
  });

  it("can be used by keyboard alone: add, fill in, move up, save", async () => {
    const service = await start({ settings: { templates: ["http://localhost:1/first"] } });
    const page = await open(service);
    await template(page, 1).waitFor();
    const press = async (...keys: readonly string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = () => page.evaluate(() => globalThis.document.activeElement?.textContent?.trim() ?? "");
    for (let tabs = 0; tabs < 20 && (await focused()) !== "Add template"; tabs += 1) await press("Tab");
    await press("Enter");
    await expect.poll(() => page.evaluate(() => globalThis.document.activeElement?.tagName)).toBe("INPUT");
    await press("Control+a");
    await page.keyboard.type("keys");
    await press("Tab", "Tab", "Tab");
    await page.keyboard.type("http://localhost:1/by-keys");
    await press("Alt+ArrowUp");
    await page.getByText("Template 2 is now number 1.").waitFor({ state: "attached" });
    await page.keyboard.type("/{event}");
    await press("Control+s");
    await page.getByText("saved here").waitFor();
    const response = await fetch(`${service.adminUrl}/api/upstream`);
    const { templates } = (await response.json()) as { templates: { hubPattern: string; urlTemplate: string }[] };
    expect(templates.map(({ hubPattern, urlTemplate }) => [hubPattern, urlTemplate])).toEqual([
      ["keys", "http://localhost:1/by-keys/{event}"],
      ["*", "http://localhost:1/first"],
    ]);
  });

  it("two tabs: the one that comes second is told, keeps its edits, and decides", async () => {
    const service = await start();
    const [one, other] = [await open(service), await open(service)];
    await paste(one, '["http://localhost:1/one"]');
    await paste(other, '["http://localhost:1/other"]');
    await one.getByRole("button", { name: "Save", exact: true }).click();
    await other.getByText("Somebody else changed the templates").waitFor();
    await other.getByRole("button", { name: "Replace theirs with mine" }).click();
    await other.getByText("saved here").waitFor();
    await expect.poll(() => template(one, 1).getByLabel("URL").inputValue()).toBe("http://localhost:1/other");
  });

  it("asks for the token where there is one, and says that edits in memory do not last", async () => {
    const adminToken = "a-token-that-nobody-would-ever-guess";
    const page = await open(await start({ args: ["--in-memory"], env: { SIGNALBOX_ADMIN_TOKEN: adminToken } }));
    const token = page.getByLabel("Token");
    await token.fill("wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("That is not the token of this service.").waitFor();
    await token.fill(adminToken);
    await token.press("Enter");
    await page.getByText("in memory: edits end with the process").waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).click();
    await token.fill(adminToken);
    await token.press("Enter");
    await page.getByText("in memory: edits end with the process").waitFor();
    // A session that has ended when updates are asked for.
    await page.route("**/api/upstream/live", async (route) => {
      await page.context().clearCookies();
      await route.fulfill({ status: 401 });
    });
    await page.reload();
    await token.waitFor();
  });

  it("is readable in light and in dark, wide and narrow, and axe finds nothing to complain about", async () => {
    const app = await upstream((request) =>
      request.url.startsWith("/orders") ? { status: 503, body: "busy" } : { body: '{"welcome":"anonymous"}' },
    );
    const urlTemplate = (path: string) => `http://${app.host}/${path}`;
    const templates = [
      { hubPattern: "chat", eventPattern: "connected, disconnected", urlTemplate: urlTemplate("presence/{event}") },
      { hubPattern: "orders", categoryPattern: "messages", urlTemplate: urlTemplate("orders/{event}?code=a-key") },
      { urlTemplate: urlTemplate("runtime/webhooks/signalr?code=a-key") },
    ];
    const service = await start({ env: { SIGNALBOX_UPSTREAM_TEMPLATES: JSON.stringify(templates) } });
    const page = await open(service, { viewport: { width: 1200, height: 820 } });
    for (const hub of ["chat", "orders"]) {
      const client = await connect(service, hub);
      for (const target of ["typing", "newMessage"]) await client.send(target, "x");
    }
    await expect.poll(() => page.locator("summary .status").count()).toBe(3);
    await page.getByRole("button", { name: "Send test event" }).click();
    await page.locator(".answer").waitFor();
    await template(page, 2).locator("summary").click();
    const grounds = new Set<string>();
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1200, 390]) {
        await expectReadable(page, colorScheme, width);
        grounds.add(await page.evaluate(() => getComputedStyle(globalThis.document.documentElement).backgroundColor));
      }
    }
    expect(grounds.size).toBe(2);
    await page.setViewportSize({ width: 1200, height: 820 });
    await page.evaluate(() => scrollTo(0, 0));
    for (const colorScheme of ["light", "dark"] as const)
      await takeScreenshot(page, join(root, `docs/dashboard-${colorScheme}.png`), colorScheme);
  });
});
