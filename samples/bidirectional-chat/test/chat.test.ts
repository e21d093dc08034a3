import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Browser, launchChromium, type Page } from "../../../e2e/support/chromium.ts";
import { type DevApp, startDevApp } from "../../../e2e/support/dev-app.ts";
import { screenshotsWanted, takeScreenshotOfAll } from "../../../e2e/support/screenshot.ts";
import { chromium } from "../../../e2e/support/system-parts.ts";
import { serveWeb } from "../web-server.js";

const sample = fileURLToPath(new URL("..", import.meta.url));
const chromiumPath = chromium.find();

let web: Server;
let page: string;
let copy: string;
let app: DevApp;

/** The sample itself; only the port of the page, which its settings allow, is a free one. */
beforeAll(async () => {
  web = await serveWeb(0, () => app.url);
  page = `http://localhost:${(web.address() as AddressInfo).port}`;
  // Within the sample, so that its packages are found; under a name that git ignores.
  await mkdir(join(sample, ".signalbox"), { recursive: true });
  copy = await mkdtemp(join(sample, ".signalbox", "test-"));
  for (const name of ["dist", "host.json", "package.json"]) await cp(join(sample, name), join(copy, name), { recursive: true });
  const settings = JSON.parse(await readFile(join(sample, "local.settings.json"), "utf8"));
  settings.Host.CORS = page;
  await writeFile(join(copy, "local.settings.json"), JSON.stringify(settings));
  app = await startDevApp(copy);
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  web?.closeAllConnections();
  web?.close();
  if (copy !== undefined) await rm(copy, { recursive: true, force: true });
});

describe("The functions", () => {
  it("let the page of the allowed origin ask with its cookies, and no other page", async () => {
    const ask = (origin: string) =>
      fetch(`${app.url}/api/negotiate?negotiateVersion=1`, { method: "POST", headers: { origin } });
    const allowed = await ask(page);
    expect(allowed.status).toBe(401);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(page);
    expect(allowed.headers.get("access-control-allow-credentials")).toBe("true");
    expect((await ask("http://localhost:1")).headers.has("access-control-allow-origin")).toBe(false);
  });

  it("believe nobody who only claims to be signed in", async () => {
    const principal = Buffer.from(JSON.stringify({ auth_typ: "aad", claims: [{ typ: "roles", val: "admin" }] })).toString(
      "base64",
    );
    const headers = {
      "x-ms-client-principal": principal,
      "x-ms-client-principal-name": "eve",
      "x-ms-client-principal-id": "eve",
      "x-ms-client-principal-idp": "aad",
    };
    expect((await fetch(`${app.url}/api/negotiate`, { method: "POST", headers })).status).toBe(401);
  });
});

describe.skipIf(chromiumPath === undefined)("The page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromiumPath!);
  });
  afterAll(() => browser?.close());

  interface Person {
    readonly page: Page;
    readonly connectionId: string;
  }

  /** Somebody with a browser of their own, who opens the page and signs in. */
  async function enter(name: string, { admin = false, colorScheme = "light" as "light" | "dark" } = {}): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 820, height: 660 }, colorScheme });
    const tab = await context.newPage();
    const errors: Error[] = [];
    tab.on("pageerror", (error) => errors.push(error));
    onTestFinished(async () => {
      await context.close();
      expect(errors).toEqual([]);
    });
    await tab.goto(page);
    await tab.getByRole("link", { name: "Sign in" }).click();
    await tab.getByLabel("User name").fill(name);
    if (admin) await tab.getByLabel("Roles").fill("admin");
    await tab.getByRole("button", { name: "Sign in" }).click();
    return arrived(tab);
  }

  async function arrived(tab: Page): Promise<Person> {
    await tab.getByText("You are here.").waitFor();
    return { page: tab, connectionId: (await tab.locator("#connection-id").textContent())! };
  }

  /** A second window of the same browser, where one is signed in already. */
  async function openAnother({ page: tab }: Person): Promise<Person> {
    const other = await tab.context().newPage();
    await other.goto(page);
    return arrived(other);
  }

  async function write({ page: tab }: Person, audience: string, name: string, text: string): Promise<void> {
    await tab.getByLabel("To", { exact: true }).selectOption(audience);
    if (name !== "") await tab.getByLabel("Name", { exact: true }).fill(name);
    await tab.getByLabel("Message", { exact: true }).fill(text);
    await tab.getByRole("button", { name: "Send" }).click();
  }

  async function change({ page: tab }: Person, button: "Join" | "Leave", kind: string, member: string, group: string) {
    await tab.getByLabel("Put").selectOption(kind);
    await tab.getByLabel("Named").fill(member);
    await tab.getByLabel("Into or out of group").fill(group);
    await tab.getByRole("button", { name: button }).click();
  }

  const joined = (person: Person, member: string, group: string) =>
    person.page.getByText(`${member} is in group ${group}.`).waitFor();
  const left = (person: Person, member: string, group: string) =>
    person.page.getByText(`${member} is no longer in group ${group}.`).waitFor();
  const problem = ({ page: tab }: Person, text: string) => tab.getByRole("alert").getByText(text).waitFor();
  /** Messages of people as their readers see them. */
  const texts = ({ page: tab }: Person) => tab.locator("#messages li:not(.notice) p").allTextContents();
  const received = (person: Person, expected: readonly string[]) => expect.poll(() => texts(person)).toEqual(expected);

  // First, while nobody has done anything else.
  if (screenshotsWanted)
    it("has its picture taken", async () => {
      const ann = await enter("ann", { admin: true });
      const bob = await enter("bob", { colorScheme: "dark" });
      await change(bob, "Join", "user", "bob", "hikers");
      await joined(bob, "bob", "hikers");
      await change(ann, "Join", "user", "ann", "hikers");
      await joined(ann, "ann", "hikers");
      await write(ann, "everyone", "", "Good morning, everyone");
      await bob.page.getByText("Good morning").waitFor();
      await write(bob, "group", "hikers", "Up the hill on Sunday?");
      await ann.page.getByText("Up the hill").waitFor();
      await write(ann, "user", "bob", "I bring the tea");
      await bob.page.getByText("I bring the tea").waitFor();
      await write(bob, "everyone", "", "Tea for all!");
      await problem(bob, "does not allow this");
      await takeScreenshotOfAll(browser, [ann.page, bob.page], join(sample, "screenshot.png"));
    });

  it("asks for a sign-in, says who comes and goes, and lets an admin write to everyone", async () => {
    const ann = await enter("ann", { admin: true });
    const bob = await enter("bob");
    await ann.page.getByText("bob joined.").last().waitFor();
    await write(ann, "everyone", "", "Good morning");
    for (const person of [ann, bob]) await received(person, ["Good morning"]);
    await bob.page.getByText("to everyone", { exact: true }).waitFor();
    await bob.page.getByRole("link", { name: "Sign out" }).click();
    await ann.page.getByText("bob left.").last().waitFor();
    await bob.page.getByText("Who are you?").waitFor();
  });

  it("shows why the hub refuses something", async () => {
    const ann = await enter("ann");
    const bob = await enter("bob");
    await write(bob, "everyone", "", "To everyone");
    await problem(bob, 'The claim "admin" does not allow this.');
    expect(await bob.page.getByLabel("Message", { exact: true }).inputValue()).toBe("To everyone");
    await write(bob, "user", "ann", " ");
    await problem(bob, "A message needs a text.");
    await write(bob, "user", "nobody", "Hello?");
    await problem(bob, "nobody is not here.");
    await write(bob, "connection", "none", "Hello?");
    await problem(bob, "There is no such connection.");
    await change(bob, "Join", "connection", ann.connectionId, "red");
    await problem(bob, "Only admins may move others.");
    await change(bob, "Leave", "user", "ann", "red");
    await problem(bob, "Only admins may move others.");
    await write(bob, "user", "ann", "At last");
    await received(ann, ["At last"]);
  });

  it("writes to a user's every window, and to one connection", async () => {
    const ann = await enter("ann");
    const bob = await enter("bob");
    const second = await openAnother(bob);
    await write(ann, "user", "bob", "Both");
    for (const window of [bob, second]) await received(window, ["Both"]);
    await write(ann, "connection", second.connectionId, "Only here");
    await received(second, ["Both", "Only here"]);
    // The name above a message leads to the connection it came from.
    await second.page.getByRole("button", { name: "ann" }).last().click();
    expect(await second.page.getByLabel("Name", { exact: true }).inputValue()).toBe(ann.connectionId);
    await second.page.getByLabel("Message", { exact: true }).fill("Seen");
    await second.page.getByLabel("Message", { exact: true }).press("Enter");
    await received(ann, ["Seen"]);
    expect(await texts(bob)).toEqual(["Both"]);
  });

  it("writes to a group that connections join and leave", async () => {
    const ann = await enter("ann", { admin: true });
    const bob = await enter("bob");
    const second = await openAnother(bob);
    await change(bob, "Join", "connection", bob.connectionId, "red");
    await joined(bob, bob.connectionId, "red");
    // An admin may move others.
    await change(ann, "Join", "connection", second.connectionId, "red");
    await joined(ann, second.connectionId, "red");
    await write(ann, "group", "red", "One");
    for (const window of [bob, second]) await received(window, ["One"]);
    await change(bob, "Leave", "connection", bob.connectionId, "red");
    await left(bob, bob.connectionId, "red");
    await write(ann, "group", "red", "Two");
    await received(second, ["One", "Two"]);
    await write(ann, "user", "bob", "The end");
    await received(bob, ["One", "The end"]);
    expect(await texts(ann)).toEqual([]);
  });

  it("writes to a group that a user joins and leaves, with windows that come later", async () => {
    const ann = await enter("ann");
    const zoe = await enter("Zoë");
    await change(zoe, "Join", "user", "Zoë", "blue");
    await joined(zoe, "Zoë", "blue");
    const later = await openAnother(zoe);
    await write(ann, "group", "blue", "One");
    for (const window of [zoe, later]) await received(window, ["One"]);
    await change(later, "Leave", "user", "Zoë", "blue");
    await left(later, "Zoë", "blue");
    await write(ann, "group", "blue", "Two");
    await write(ann, "user", "Zoë", "The end");
    for (const window of [zoe, later]) await received(window, ["One", "The end"]);
  });
});
