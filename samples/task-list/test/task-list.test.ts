import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Browser, launchChromium, type Page, type WebSocketRoute } from "../../../e2e/support/chromium.ts";
import { type DevApp, startDevApp } from "../../../e2e/support/dev-app.ts";
import { screenshotsWanted, takeScreenshotOfAll } from "../../../e2e/support/screenshot.ts";
import { chromium } from "../../../e2e/support/system-parts.ts";

const sample = fileURLToPath(new URL("..", import.meta.url));
const chromiumPath = chromium.find();

let app: DevApp;
beforeAll(async () => {
  app = await startDevApp(sample);
});
afterAll(() => app?.[Symbol.asyncDispose]());

const post = (path: string, body: unknown = {}) =>
  fetch(`${app.url}/api/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

interface Task {
  readonly id: string;
  readonly description: string;
  readonly completed?: string;
}

async function add(description: string): Promise<Task> {
  const answer = await post("add", { description });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Task;
}

async function list(): Promise<readonly Task[]> {
  return (await fetch(`${app.url}/api/list`)).json() as Promise<readonly Task[]>;
}

/** What clients are told from now on. */
async function updates(): Promise<readonly unknown[]> {
  const heard: unknown[] = [];
  const connection = new HubConnectionBuilder().withUrl(`${app.url}/api`).configureLogging(LogLevel.None).build();
  onTestFinished(() => connection.stop());
  connection.on("taskUpdate", (...args) => heard.push(...args));
  await connection.start();
  return heard;
}

describe.skipIf(chromiumPath === undefined)("Two browsers", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromiumPath!);
  });
  afterAll(() => browser?.close());

  /** A window of its own, as another person has it; errors of the page are errors of the test. */
  async function open(prepare: (page: Page) => Promise<void> = async () => {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 480, height: 560 } });
    const errors: Error[] = [];
    page.on("pageerror", (error) => errors.push(error));
    onTestFinished(async () => {
      await page.close();
      expect(errors).toEqual([]);
    });
    await prepare(page);
    await page.goto(app.url);
    await page.getByText("Live").waitFor();
    return page;
  }

  const addIn = async (page: Page, description: string) => {
    await page.getByLabel("What is to be done?").fill(description);
    await page.getByRole("button", { name: "Add" }).click();
  };
  const openTask = (page: Page, description: string) => page.locator("#open li", { hasText: description });
  const doneTask = (page: Page, description: string) => page.locator("#done li", { hasText: description });

  // First, while nobody has done anything else.
  if (screenshotsWanted)
    it("have their picture taken", async () => {
      for (const description of ["Return the library books", "Call the dentist", "Water the plants", "Buy stamps"])
        await add(description);
      const [light, dark] = [await open(), await open((page) => page.emulateMedia({ colorScheme: "dark" }))];
      await light.getByRole("button", { name: "Complete: Call the dentist" }).click();
      for (const page of [light, dark]) await doneTask(page, "Call the dentist").waitFor();
      await takeScreenshotOfAll(browser, [light, dark], join(sample, "screenshot.png"));
    });

  it("show the same: what one adds or completes the other has without a reload", async () => {
    const [ann, bob] = [await open(), await open()];
    await addIn(ann, "Feed the fish");
    await openTask(bob, "Feed the fish").waitFor();
    await openTask(ann, "Feed the fish").waitFor();
    await bob.getByRole("button", { name: "Complete: Feed the fish" }).click();
    await doneTask(ann, "Feed the fish").waitFor();
    await doneTask(bob, "Feed the fish").waitFor();
    expect(await openTask(ann, "Feed the fish").count()).toBe(0);
    expect(await bob.evaluate(() => performance.getEntriesByType("navigation").length)).toBe(1);
  });

  it("say what is wrong with a task, and keep what was typed", async () => {
    const page = await open();
    const input = page.getByLabel("What is to be done?");
    await addIn(page, " ");
    await page.getByRole("alert").getByText("A task needs a description").waitFor();
    expect(await input.getAttribute("aria-invalid")).toBe("true");
    await addIn(page, "x".repeat(201));
    expect(await input.inputValue()).toHaveLength(201);
    await addIn(page, "<b>bold</b>");
    await openTask(page, "<b>bold</b>").waitFor();
    expect(await page.getByRole("alert").textContent()).toBe("");
  });

  it("catch up after a connection that broke", async () => {
    const sockets: WebSocketRoute[] = [];
    const page = await open((page) =>
      page.routeWebSocket(/\/client\//, (socket) => {
        socket.connectToServer();
        sockets.push(socket);
      }),
    );
    await page.route("**/api/negotiate", (route) => route.abort());
    await Promise.all(sockets.map((socket) => socket.close({ code: 4000, reason: "cut by the test" })));
    await page.getByText("Reconnecting").waitFor();
    await add("Added while away");
    expect(await openTask(page, "Added while away").count()).toBe(0);
    await page.unroute("**/api/negotiate");
    await openTask(page, "Added while away").waitFor();
    await page.getByText("Live").waitFor();
  });
});

describe("The functions", () => {
  it("list what was added, the newest first, and tell every client which action it was", async () => {
    const heard = await updates();
    const first = await add("  Water the plants ");
    const second = await add("Feed the cat");
    expect((await list()).slice(0, 2)).toEqual([second, { ...first, description: "Water the plants" }]);
    await post(`complete/${first.id}`);
    await expect.poll(() => heard).toEqual(["add", "add", "complete"]);
    expect((await list()).find(({ id }) => id === first.id)?.completed).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it("complete a task once when many ask for it at the same time", async () => {
    const { id } = await add("Only once");
    const heard = await updates();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(`complete/${id}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const times = await Promise.all(answers.map(async (answer) => ((await answer.json()) as Task).completed));
    expect(new Set(times).size).toBe(1);
    await add("The end of what is to be heard");
    await expect.poll(() => heard.at(-1)).toBe("add");
    expect(heard).toEqual(["complete", "add"]);
  });

  it("refuse what is no task, and tell nobody", async () => {
    const heard = await updates();
    const before = await list();
    for (const body of [
      {},
      { description: "" },
      { description: " \t " },
      { description: 7 },
      { description: "x".repeat(201) },
      "{",
    ]) {
      const answer = await post("add", body);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toBe("A task needs a description of 1 to 200 characters.");
    }
    expect((await post("complete/nothing")).status).toBe(404);
    expect((await post(`complete/${encodeURIComponent("'or' 1 eq 1")}`)).status).toBe(404);
    expect(await list()).toEqual(before);
    await add("The end of what is to be heard");
    await expect.poll(() => heard).toEqual(["add"]);
  });

  it("serve the files of the page and no others", async () => {
    expect((await fetch(`${app.url}/signalr.js`)).headers.get("content-type")).toContain("text/javascript");
    for (const path of ["host.json", "local.settings.json", "..%2Fhost.json"])
      expect((await fetch(`${app.url}/${path}`)).status).toBe(404);
  });
});
