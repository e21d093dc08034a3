import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { default as jsQR } from "jsqr";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Browser, launchChromium, type Page } from "../../../e2e/support/chromium.ts";
import { type DevApp, devStartLimit, freePorts, startDevApp } from "../../../e2e/support/dev-app.ts";
import { root } from "../../../e2e/support/repository.ts";
import { takeScreenshot } from "../../../e2e/support/screenshot.ts";
import { keptPort } from "../../../e2e/support/service.ts";
import { launchSignalbox, prepared } from "../../../e2e/support/signalbox-process.ts";
import { chromium } from "../../../e2e/support/system-parts.ts";
import { userAgents } from "./user-agents.ts";

const sample = fileURLToPath(new URL("..", import.meta.url));

interface Stats {
  readonly totalNumber: number;
  readonly byOS: Readonly<Record<string, number>>;
  readonly byBrowser: Readonly<Record<string, number>>;
}

const visit = (app: DevApp, userAgent: string) =>
  fetch(`${app.url}/api/signin`, { method: "POST", headers: { "user-agent": userAgent } });
const statsOf = async (app: DevApp) => (await (await fetch(`${app.url}/api/stats`)).json()) as Stats;
const sum = (numbers: Readonly<Record<string, number>>) => Object.values(numbers).reduce((total, number) => total + number, 0);

describe("the app", () => {
  let app: DevApp;
  beforeAll(async () => {
    app = await startDevApp(sample);
  });
  afterAll(() => app?.[Symbol.asyncDispose]());

  it("records a visit and answers with the service's address, a token and the figures", async () => {
    const response = await visit(app, userAgents["Safari on iOS"]);
    expect(await response.json()).toEqual({
      authInfo: {
        serviceUrl: expect.stringMatching(/^http:\/\/localhost:\d+\/client\/\?hub=signin$/),
        accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      },
      stats: { totalNumber: 1, byOS: { iOS: 1 }, byBrowser: { Safari: 1 } },
      visitor: { os: "iOS", browser: "Safari" },
    });
  });

  it.each(Object.entries(userAgents))("knows %s", async (name, userAgent) => {
    const [browser, os] = name.split(" on ");
    expect(await (await visit(app, userAgent)).json()).toMatchObject({ visitor: { os, browser } });
  });

  it("loses none of fifty visits that come at the same time", async () => {
    const before = await statsOf(app);
    const agents = Object.values(userAgents);
    const responses = await Promise.all(Array.from({ length: 50 }, (_, at) => visit(app, agents[at % agents.length]!)));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    const after = await statsOf(app);
    expect(after.totalNumber).toBe(before.totalNumber + 50);
    expect(sum(after.byOS)).toBe(after.totalNumber);
    expect(sum(after.byBrowser)).toBe(after.totalNumber);
  });

  it("serves the page, its parts and its libraries from blob storage", async () => {
    const get = async (path: string) => {
      const response = await fetch(app.url + path);
      expect(response.headers.get("server"), path).toMatch(/blob/i);
      return [response.status, response.headers.get("content-type"), await response.text()];
    };
    const file = (path: string) => readFileSync(join(sample, path), "utf8");
    expect(await get("/")).toEqual([200, "text/html; charset=utf-8", file("content/index.html")]);
    expect(await get("/scripts/wall.js")).toEqual([200, "text/javascript; charset=utf-8", file("content/scripts/wall.js")]);
    expect(await get("/styles/wall.css")).toEqual([200, "text/css; charset=utf-8", file("content/styles/wall.css")]);
    expect(await get("/images/wall.svg")).toEqual([200, "image/svg+xml", file("content/images/wall.svg")]);
    expect(await get("/scripts/lib/signalr.js")).toEqual([200, expect.anything(), expect.stringContaining("HubConnection")]);
    expect((await fetch(`${app.url}/scripts/absent.js`)).status).toBe(404);
  });
});

it("is what npm start runs", async () => {
  const state = mkdtempSync(join(tmpdir(), "signalbox-sign-in-"));
  const program = ["npm", "start", "--"] as const;
  const start = launchSignalbox([...freePorts, "--state-folder", state], devStartLimit, {
    program,
    folder: root,
    env: prepared,
  });
  const [, address] = await start.printed(/The app is at (http\S+)/);
  expect(await (await fetch(address!)).text()).toContain("<title>Live wall</title>");
  expect(await start.stop()).toBe(0);
  rmSync(state, { recursive: true });
});

describe.skipIf(chromium.find() === undefined)("the page in Chromium", () => {
  const state = mkdtempSync(join(tmpdir(), "signalbox-sign-in-"));
  // A page that is open must find the app again when that is started anew.
  const args = ["--port", String(keptPort()), "--service-port", String(keptPort())];
  let app: DevApp;
  let browser: Browser;
  let first: Page;
  beforeAll(async () => {
    [app, browser] = await Promise.all([startDevApp(sample, { args, stateFolder: state }), launchChromium(chromium.find()!)]);
    first = await open(userAgents["Chrome on Windows"]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
    rmSync(state, { recursive: true });
  });

  /** A visitor with cookies and a cache of its own. */
  async function open(userAgent: string): Promise<Page> {
    const context = await browser.newContext({ userAgent, viewport: { width: 1120, height: 745 } });
    const page = await context.newPage();
    await page.goto(app.url);
    await page.locator("#connection", { hasText: "Live" }).waitFor();
    return page;
  }

  const total = (page: Page) => page.textContent("#total");
  const rows = (page: Page, chart: string) => page.locator(`${chart} li`).allInnerTexts();
  const row = (...cells: readonly string[]) => expect.stringMatching(new RegExp(`^${cells.join("\\s+")}$`));

  it("shows a visitor's own visit", async () => {
    await expect.poll(() => total(first)).toBe("1");
    expect(await first.textContent("#visitor")).toBe("You came with Chrome on Windows. Who comes next?");
    expect(await rows(first, "#by-os")).toEqual([row("Windows", "1", "100%")]);
  });

  it("shows the next visitor to the first without a reload", async () => {
    const second = await open(userAgents["Firefox on Linux"]);
    for (const page of [first, second]) {
      await expect.poll(() => total(page)).toBe("2");
      expect(await rows(page, "#by-os")).toEqual([row("Linux", "1", "50%"), row("Windows", "1", "50%")]);
      expect(await rows(page, "#by-browser")).toEqual([row("Chrome", "1", "50%"), row("Firefox", "1", "50%")]);
    }
    await second.context().close();
  });

  it("shows a crowd that comes at once, to the last visitor", async () => {
    const agents = Object.values(userAgents).slice(0, 6);
    const crowd = Array.from({ length: 18 }, (_, at) => agents[Math.floor(Math.sqrt(at * 2))]!);
    await Promise.all(crowd.map((userAgent) => visit(app, userAgent)));
    await expect.poll(() => total(first)).toBe("20");
    const { byOS } = await statsOf(app);
    expect(await rows(first, "#by-os")).toHaveLength(Object.keys(byOS).length);
    for (const scheme of ["light", "dark"] as const)
      await takeScreenshot(first, join(sample, `screenshot-${scheme}.png`), scheme);
  });

  it("has a QR code that leads to its address, in either colour scheme", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await first.emulateMedia({ colorScheme });
      const { data, width, height } = PNG.sync.read(await first.locator("#qr-code").screenshot());
      expect(jsQR.default(new Uint8ClampedArray(data), width, height)?.data).toBe(`${app.url}/`);
    }
  });

  it("tells assistive technology what it shows", async () => {
    expect(await first.locator("main").ariaSnapshot()).toContain('img "QR code of this page\'s address"');
    expect(await first.getByRole("status").allInnerTexts()).toEqual(["Live", "20"]);
    expect(await first.getByRole("region", { name: "Browsers" }).getByRole("listitem").count()).toBeGreaterThan(1);
  });

  it("keeps the visits, and an open page comes back by itself, when the app is started again", async () => {
    const uploaded = (await fetch(app.url)).headers.get("last-modified");
    expect(await app.stop()).toBe(0);
    await expect.poll(() => first.textContent("#connection")).toBe("Reconnecting");
    app = await startDevApp(sample, { args, stateFolder: state });
    expect(await statsOf(app)).toMatchObject({ totalNumber: 20 });
    expect((await fetch(app.url)).headers.get("last-modified"), "content that did not change stays").toBe(uploaded);
    await visit(app, userAgents["Safari on macOS"]);
    await expect.poll(() => total(first), { timeout: 40_000 }).toBe("21");
    expect(await first.textContent("#connection")).toBe("Live");
  });
});
