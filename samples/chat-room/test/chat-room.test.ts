import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Browser, launchChromium, type Page } from "../../../e2e/support/chromium.ts";
import { type DevApp, startDevApp } from "../../../e2e/support/dev-app.ts";
import { screenshotsWanted, takeScreenshotOfAll } from "../../../e2e/support/screenshot.ts";
import { keptPort } from "../../../e2e/support/service.ts";
import { chromium } from "../../../e2e/support/system-parts.ts";

const directory = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "signalbox-chat-room-"));
const stateFolder = join(folder, "state");

let app: DevApp;
const port = keptPort();

beforeAll(async () => {
  app = await startApp();
});

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** The sample's own templates, for a host at a free port, the same each time. */
async function startApp(): Promise<DevApp> {
  const config = join(folder, "upstream.json");
  writeFileSync(config, readFileSync(join(directory, "upstream.json"), "utf8").replace(":7071", `:${port}`));
  return startDevApp(directory, { stateFolder, args: ["--port", String(port), "--config", config] });
}

describe("a client that is no page", () => {
  const connect = async (query: string, protocols: string[]) => {
    const { endpoint } = (await (await fetch(`${app.url}/api/endpoint`)).json()) as { endpoint: string };
    return new WebSocket(endpoint + query, protocols);
  };
  const refusal = async (socket: WebSocket) => {
    const [, response] = await once(socket, "unexpected-response");
    let body = "";
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode, body };
  };

  it("is refused by the app when it gives no name", async () => {
    expect(await refusal(await connect("", ["chat-room.v1"]))).toEqual({ status: 401, body: "Choose a name." });
  });

  it("is refused by the app when they have no subprotocol in common", async () => {
    const answer = await refusal(await connect("?name=Zoe", ["mqtt"]));
    expect(answer).toEqual({ status: 400, body: "Offer one of chat-room.v2, chat-room.v1." });
  });

  it("gets the best subprotocol it offers, a welcome, and answers to itself alone", async () => {
    const socket = await connect("?name=Z%C3%B6e", ["chat-room.v1", "soap"]);
    const frames: { type: string; user?: string; text?: string }[] = [];
    socket.on("message", (data) => frames.push(JSON.parse(String(data))));
    await once(socket, "open");
    expect(socket.protocol).toBe("chat-room.v1");
    await expect.poll(() => frames[0]).toMatchObject({ type: "welcome", user: "Zöe" });
    for (const text of [
      "no json",
      '{"type":"constructor"}',
      '{"type":"send","text":""}',
      '{"type":"send","to":"..","text":"x"}',
    ]) {
      const before = frames.length;
      socket.send(text);
      await expect.poll(() => frames.slice(before).map(({ type }) => type)).toContain("error");
    }
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.close();
    await once(socket, "close");
  });
});

describe.skipIf(chromium.find() === undefined)("three people in Chromium", () => {
  let browser: Browser;
  const pages: Page[] = [];

  beforeAll(async () => {
    browser = await launchChromium(chromium.find()!);
  });

  afterAll(() => browser?.close());

  const visit = async (name: string): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 760, height: 560 } });
    const page = await context.newPage();
    pages.push(page);
    await page.goto(app.url);
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByRole("status").getByText("connected").waitFor();
    return page;
  };
  const say = async (page: Page, text: string) => {
    await page.getByLabel("Message", { exact: true }).fill(text);
    await page.keyboard.press("Enter");
  };
  const said = (page: Page) => page.locator("#messages .text").allTextContents();
  const people = (page: Page) => page.locator("#people li").allTextContents();
  const names = async (page: Page) => (await people(page)).map((text) => text.trim().split(/\s/)[0]);
  const open = (page: Page, chat: string) => page.getByRole("button", { name: chat }).first().click();

  it("are not let in without a name", async () => {
    const page = await browser.newPage();
    await page.goto(app.url);
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByRole("alert").getByText("Choose a name.").waitFor();
    await page.close();
  });

  it("see each other, talk to all, in private and in groups, and find what was said", async () => {
    const ann = await visit("Ann");
    const bob = await visit("Bob");
    const cleo = await visit("Cleo");
    for (const page of [ann, bob, cleo]) await expect.poll(() => names(page)).toEqual(["Ann", "Bob", "Cleo"]);
    expect(await ann.locator("header code").textContent()).toBe("chat-room.v2");

    await say(ann, "Hello, everybody");
    for (const page of [ann, bob, cleo]) await expect.poll(() => said(page)).toEqual(["Hello, everybody"]);

    await open(ann, "Bob");
    await say(ann, "Only you");
    await open(bob, "Ann");
    for (const page of [ann, bob]) await expect.poll(() => said(page)).toEqual(["Only you"]);

    for (const page of [ann, bob]) {
      await page.getByLabel("Name of a group").fill("red");
      await page.getByRole("button", { name: "Join", exact: true }).click();
      await page.getByRole("heading", { name: "red" }).waitFor();
    }
    await say(bob, "Reds only");
    for (const page of [ann, bob]) await expect.poll(() => said(page)).toContain("Reds only");

    // What Cleo has seen is proved by what comes after it.
    await open(ann, "Everybody");
    await say(ann, "The last word");
    await expect.poll(() => said(cleo)).toEqual(["Hello, everybody", "The last word"]);
    expect(await cleo.locator(".unread").count()).toBe(0);

    await cleo.getByLabel("Name of a group").fill("red");
    await cleo.getByRole("button", { name: "Join", exact: true }).click();
    await expect.poll(() => said(cleo)).toContain("Reds only");

    if (screenshotsWanted) {
      await bob.emulateMedia({ colorScheme: "dark" });
      await open(bob, "Everybody");
      await takeScreenshotOfAll(browser, [ann, bob], join(directory, "screenshot.png"));
    }

    await cleo.close();
    for (const page of [ann, bob]) await expect.poll(() => names(page)).toEqual(["Ann", "Bob"]);
  });

  it("come back by themselves when everything was started again, to their groups and what was said", async () => {
    const [ann] = pages as [Page];
    await app[Symbol.asyncDispose]();
    await ann.getByRole("status").getByText("Connecting again").waitFor();
    app = await startApp();
    await ann.getByRole("status").getByText("connected").waitFor();
    await open(ann, "Everybody");
    await expect.poll(() => said(ann)).toEqual(["Hello, everybody", "The last word"]);
    await open(ann, "red");
    await expect.poll(() => said(ann)).toContain("Reds only");
  });
});
