import { createRequire } from "node:module";
import type * as SignalR from "@microsoft/signalr";
import { expect, onTestFinished } from "vitest";
import type { Browser, BrowserContextOptions, Page } from "../../../e2e/support/chromium.ts";

const library = createRequire(import.meta.url).resolve("@microsoft/signalr/dist/browser/signalr.js");

/** A page that is open. */
export interface Visitor {
  readonly page: Page;
  /** Of the transaction. */
  readonly id: string;
}

/** Somebody with a browser of their own opens the page. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 640, height: 460 }, ...options });
  const page = await context.newPage();
  const errors: Error[] = [];
  page.on("pageerror", (error) => errors.push(error));
  onTestFinished(async () => {
    await context.close();
    expect(errors).toEqual([]);
  });
  await page.goto(url);
  return arrived(page);
}

/** Waits until the page is connected. */
export async function arrived(page: Page): Promise<Visitor> {
  await phase({ page }, "Connected");
  return { page, id: (await page.locator("code").textContent())! };
}

/** Waits until the page says so. */
export const phase = ({ page }: Pick<Visitor, "page">, words: string) =>
  expect.poll(() => page.getByRole("status").textContent()).toBe(words);
/** What the page shows. */
export const texts = ({ page }: Visitor) => page.locator("li p").allTextContents();
/** The instance that serves the page's connection. */
export const servedBy = async ({ page }: Visitor) => /http\S+\d/.exec((await page.locator(".instance").textContent())!)![0];

/** A client that somebody wrote, in somebody's browser, with whatever token. */
interface Client {
  readonly page: Page;
  /** What the hub called, by method and arguments. */
  calls(): Promise<unknown[][]>;
  /** @returns the error's text; undefined when the hub answered */
  invoke(method: string, ...args: unknown[]): Promise<string | undefined>;
}

/** Connects from within a page. @throws as the page's client does */
export async function connect(page: Page, token: string | undefined): Promise<Client> {
  await page.addScriptTag({ path: library });
  await page.evaluate(async (token) => {
    const { signalR } = globalThis as unknown as { readonly signalR: typeof SignalR };
    const connection = new signalR.HubConnectionBuilder()
      .withUrl("/messages", token === undefined ? {} : { accessTokenFactory: () => token })
      .build();
    const calls: unknown[][] = [];
    for (const name of ["welcome", "receive", "replaced"]) {
      connection.on(name, (...args) => {
        calls.push([name, ...args]);
        return true;
      });
    }
    await connection.start();
    Object.assign(globalThis, { connection, calls });
  }, token);
  return {
    page,
    calls: () => page.evaluate(() => (globalThis as unknown as { readonly calls: unknown[][] }).calls),
    invoke: (method, ...args) =>
      page.evaluate(
        ({ method, args }) =>
          (globalThis as unknown as { readonly connection: SignalR.HubConnection }).connection.invoke(method, ...args).then(
            () => undefined,
            (error: Error) => error.message,
          ),
        { method, args },
      ),
  };
}
