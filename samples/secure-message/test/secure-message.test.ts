import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type * as SignalR from "@microsoft/signalr";
import { type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Browser, type BrowserContextOptions, launchChromium, type Page } from "../../../e2e/support/chromium.ts";
import { root } from "../../../e2e/support/repository.ts";
import { screenshotsWanted, takeScreenshotOfAll } from "../../../e2e/support/screenshot.ts";
import { launchSignalbox } from "../../../e2e/support/signalbox-process.ts";
import { chromium } from "../../../e2e/support/system-parts.ts";
import { apiKey, modes, type Stage, sample, setStage } from "./stage.ts";

const chromiumPath = chromium.find();
const library = createRequire(import.meta.url).resolve("@microsoft/signalr/dist/browser/signalr.js");
/** A well-formed id that nobody was given. */
const madeUp = "A".repeat(43);

beforeAll(async () => {
  await promisify(execFile)("npm", ["run", "build"], { cwd: sample });
});

/** What the outside service does. */
function send(instance: string, transactionId: string, message: string): Promise<Response> {
  return call(instance, JSON.stringify({ transactionId, message }), { authorization: `Bearer ${apiKey}` });
}

function call(instance: string, body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${instance}/test`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

async function begin(instance: string): Promise<string> {
  return (await (await fetch(`${instance}/transactions`, { method: "POST" })).json()).transactionId;
}

/** A client without a page. @param receive what it does with a message; absent: it knows none */
async function startClient(instance: string, id: string, receive?: () => unknown): Promise<HubConnection> {
  const connection = new HubConnectionBuilder()
    .withUrl(`${instance}/messages`, { accessTokenFactory: () => id })
    .configureLogging(LogLevel.None)
    .build();
  connection.on("welcome", () => {});
  if (receive !== undefined) connection.on("receive", receive);
  await connection.start();
  onTestFinished(() => connection.stop());
  return connection;
}

const outcome = async (response: Response) => [response.status, await response.json()];
const delivered = [200, { delivered: true }];
const unknown = [404, { error: "There is no such transaction, or it has expired." }];
const unconfirmed = [504, { error: "The browser did not confirm the message; it may have shown it." }];
const unavailable = [503, { error: "This app server has lost the service. Ask it again later, or another one now." }];
const absent = [404, { error: "No browser is connected for this transaction now." }];

describe.each(modes)("The app server %s", (mode) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage(mode);
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  it.each([
    ["no key", {}],
    ["another key", { authorization: "Bearer another" }],
    ["a part of the key", { "x-api-key": apiKey.slice(0, -1) }],
    ["another scheme", { authorization: `Basic ${apiKey}` }],
  ])("lets nobody send with %s, and does not even tell who is there", async (_, headers) => {
    const response = await call(
      stage.instances[0]!,
      JSON.stringify({ transactionId: await begin(stage.instances[0]!), message: "x" }),
      headers,
    );
    expect(await outcome(response)).toEqual([401, { error: "The API key is missing or wrong." }]);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
  });

  it.each([
    ["", 400, "The body must be JSON."],
    ["{", 400, "The body must be JSON."],
    ["null", 400, "The body must be a JSON object."],
    ["{}", 400, "transactionId must be a text."],
    ['{"transactionId":["x"],"message":"x"}', 400, "transactionId must be a text."],
    ['{"transactionId":"x"}', 400, "message must be a text of 1 to 4096 characters."],
    ['{"transactionId":"x","message":""}', 400, "message must be a text of 1 to 4096 characters."],
    [
      JSON.stringify({ transactionId: "x", message: "x".repeat(4_097) }),
      400,
      "message must be a text of 1 to 4096 characters.",
    ],
    ["x".repeat(100_000), 413, "The body must not be larger than 16384 bytes."],
  ])("says what is wrong with a body, case %#", async (body, status, error) => {
    expect(await outcome(await call(stage.instances[0]!, body, { "x-api-key": apiKey }))).toEqual([status, { error }]);
  });

  it("answers 404 for an id that nobody was given, and for one whose browser is not there", async () => {
    for (const instance of stage.instances) {
      for (const id of ["", "x", madeUp, "' OR 1=1 --"]) expect(await outcome(await send(instance, id, "x"))).toEqual(unknown);
      expect(await outcome(await send(instance, await begin(instance), "x"))).toEqual(absent);
    }
  });

  it.each([
    ["does not know what to do with it", undefined],
    ["fails", () => Promise.reject(new Error("no"))],
    ["does not answer", () => new Promise(() => {})],
  ])("answers 504 when the browser got the message and %s", async (_, receive) => {
    const id = await begin(stage.instances[0]!);
    await startClient(stage.instances[0]!, id, receive);
    await expect.poll(() => send(stage.instances.at(-1)!, id, "x").then(outcome)).toEqual(unconfirmed);
  });

  it("answers 504 when the browser got the message and left", async () => {
    const id = await begin(stage.instances[0]!);
    const client = await startClient(stage.instances[0]!, id, () => {
      void client.stop();
      return new Promise(() => {});
    });
    expect(await outcome(await send(stage.instances.at(-1)!, id, "x"))).toEqual(unconfirmed);
  });

  if (mode === "behind the service")
    it("answers 503 while it has lost the service", async () => {
      const [held, lost] = stage.instances;
      stage.servicePath!.cut();
      const id = await begin(held!);
      await startClient(held!, id, () => true);
      await expect.poll(() => send(held!, id, "x").then(outcome)).toEqual(delivered);
      expect(await outcome(await send(lost!, id, "x"))).toEqual(unavailable);
      stage.servicePath!.release();
      await expect.poll(() => send(lost!, id, "x").then(outcome)).toEqual(delivered);
    });

  it.each([
    ["GET", "/transactions", 405],
    ["GET", "/test", 405],
    ["GET", "/src/main.ts", 404],
    ["GET", "/messages", 401],
    ["POST", "/messages/negotiate", 401],
    ["POST", `/messages/negotiate?access_token=${madeUp}`, 401],
  ])("answers %s %s with %i", async (method, path, status) => {
    expect((await fetch(stage.instances[0] + path, { method })).status).toBe(status);
  });
});

describe.skipIf(chromiumPath === undefined)("In Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromiumPath!);
  });
  afterAll(() => browser?.close());

  interface Visitor {
    readonly page: Page;
    /** Of the transaction. */
    readonly id: string;
  }

  /** Somebody with a browser of their own opens the page. */
  async function visit(url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
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

  /** The same with a browser that does not care what the page allows it. */
  const intrude = async (url: string) => (await visit(url, { bypassCSP: true })).page;

  async function arrived(page: Page): Promise<Visitor> {
    await phase({ page }, "Connected");
    return { page, id: (await page.locator("code").textContent())! };
  }

  const phase = ({ page }: Pick<Visitor, "page">, words: string) =>
    expect.poll(() => page.getByRole("status").textContent()).toBe(words);
  const texts = ({ page }: Visitor) => page.locator("li p").allTextContents();
  const servedBy = async ({ page }: Visitor) => /http\S+\d/.exec((await page.locator(".instance").textContent())!)![0];

  /** A client that somebody wrote, in somebody's browser, with whatever token. */
  interface Client {
    readonly page: Page;
    /** What the hub called, by method and arguments. */
    calls(): Promise<unknown[][]>;
    /** @returns the error's text; undefined when the hub answered */
    invoke(method: string, ...args: unknown[]): Promise<string | undefined>;
  }

  async function connect(page: Page, token: string | undefined): Promise<Client> {
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

  describe.each(modes)("the page %s", (mode) => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await setStage(mode);
    });
    afterAll(() => stage?.[Symbol.asyncDispose]());

    it("shows a visitor what is sent to its transaction, whichever instance is asked, and shows it to nobody else", async () => {
      const ann = await visit(stage.pages[0]!);
      const bob = await visit(stage.pages.at(-1)!);
      expect(ann.id).not.toBe(bob.id);
      for (const [at, instance] of stage.instances.entries()) {
        expect(await outcome(await send(instance, ann.id, `to Ann ${at}`))).toEqual(delivered);
        expect(await outcome(await send(instance, bob.id, `to Bob ${at}`))).toEqual(delivered);
      }
      expect(await texts(ann)).toEqual(stage.instances.map((_, at) => `to Ann ${at}`));
      expect(await texts(bob)).toEqual(stage.instances.map((_, at) => `to Bob ${at}`));
    });

    if (mode === "behind the service")
      it("takes a message from the instance that does not hold its connection", async () => {
        const ann = await visit(stage.pages[0]!);
        const holder = await servedBy(ann);
        const other = stage.instances.find((instance) => instance !== holder)!;
        expect(stage.instances).toContain(holder);
        expect(await outcome(await send(other, ann.id, "across"))).toEqual(delivered);
        expect(await texts(ann)).toEqual(["across"]);
      });

    it("tells assistive technology what it shows", async () => {
      const ann = await visit(stage.pages[0]!);
      await send(stage.instances[0]!, ann.id, "Hello");
      expect(await ann.page.getByRole("region", { name: "Your transaction" }).textContent()).toContain(ann.id);
      expect(await ann.page.getByRole("list", { name: "Messages received" }).getByRole("listitem").count()).toBe(1);
      expect(await ann.page.getByRole("status").textContent()).toBe("Connected");
    });

    it("shows a text as text", async () => {
      const ann = await visit(stage.pages[0]!);
      const text = "<img src=x onerror=alert(1)> {{1}}\n\u202e ünï";
      expect(await outcome(await send(stage.instances[0]!, ann.id, text))).toEqual(delivered);
      expect(await texts(ann)).toEqual([text]);
    });

    it("is not sent to once it is closed", async () => {
      const ann = await visit(stage.pages[0]!);
      await ann.page.close();
      await expect.poll(async () => outcome(await send(stage.instances.at(-1)!, ann.id, "too late"))).toEqual(absent);
    });

    it("comes back by itself after a broken connection, and messages find its new one", async () => {
      const ann = await visit(stage.pages[0]!);
      const bob = await visit(stage.pages[0]!);
      for (const round of ["one", "two"]) {
        stage.path.cut();
        for (const visitor of [ann, bob]) await phase(visitor, "Reconnecting");
        await expect.poll(async () => outcome(await send(stage.instances.at(-1)!, ann.id, "nobody hears"))).toEqual(absent);
        stage.path.release();
        for (const visitor of [ann, bob]) await phase(visitor, "Connected");
        for (const instance of stage.instances)
          expect(await outcome(await send(instance, ann.id, `round ${round}`))).toEqual(delivered);
      }
      expect(await texts(ann)).toEqual(["one", "two"].flatMap((round) => stage.instances.map(() => `round ${round}`)));
      expect(await texts(bob)).toEqual([]);
      expect(await ann.page.locator("code").textContent()).toBe(ann.id);
    });

    it("comes back when the instance that served it is killed", async () => {
      // Behind the service the page's own instance stays, and another one serves the page's connection.
      const own = stage.instances[0]!;
      let ann = await visit(stage.pages[0]!);
      if (mode === "behind the service") while ((await servedBy(ann)) === own) ann = await visit(stage.pages[0]!);
      const killed = await servedBy(ann);
      await stage.kill(killed);
      if (mode === "self-hosted") {
        await phase(ann, "Reconnecting");
        await stage.restart(killed);
      } else {
        await expect.poll(() => ann.page.locator(".instance").textContent()).toContain(own);
      }
      await phase(ann, "Connected");
      expect(await outcome(await send(own, ann.id, "back again"))).toEqual(delivered);
      expect(await texts(ann)).toEqual(["back again"]);
      if (mode === "behind the service") await stage.restart(killed);
    });

    it("gives its place to whoever connects with its id, and says so", async () => {
      const ann = await visit(stage.pages[0]!);
      expect(await outcome(await send(stage.instances[0]!, ann.id, "to the first"))).toEqual(delivered);
      const second = await connect(await intrude(stage.pages.at(-1)!), ann.id);
      await phase(ann, "Opened elsewhere");
      for (const instance of stage.instances)
        expect(await outcome(await send(instance, ann.id, "to the second"))).toEqual(delivered);
      expect(await texts(ann)).toEqual(["to the first"]);
      const received = (await second.calls()).filter(([name]) => name === "receive");
      expect(received).toMatchObject(stage.instances.map(() => ["receive", { text: "to the second" }]));
    });

    describe("and an attacker", () => {
      it.each([
        ["no id", undefined],
        ["an empty id", ""],
        ["a malformed id", "' OR 1=1 --"],
        ["a made-up id", madeUp],
      ])("who has %s is refused", async (_, token) => {
        await expect(connect(await intrude(stage.pages[0]!), token)).rejects.toThrow("Status code '401'");
      });

      it("who has an id of their own hears and learns nothing of others", async () => {
        const ann = await visit(stage.pages[0]!);
        const attacker = await connect(await intrude(stage.pages.at(-1)!), await begin(stage.instances[0]!));
        const names = ["receive", "welcome", "replaced", "onConnected", "constructor", "toString", "clients", "deliver"];
        for (const name of names) {
          for (const args of [[], [ann.id]]) expect(await attacker.invoke(name, ...args)).toBe(`Unknown hub method '${name}'`);
        }
        for (const instance of stage.instances)
          expect(await outcome(await send(instance, ann.id, "private"))).toEqual(delivered);
        expect(await texts(ann)).toEqual(stage.instances.map(() => "private"));
        expect(await attacker.calls()).toEqual([["welcome", expect.stringContaining("http")]]);
      });

      it("cannot send without the key, from any page", async () => {
        const ann = await visit(stage.pages[0]!);
        const page = await intrude(stage.pages[0]!);
        const status = await page.evaluate(
          async (transactionId) =>
            (await fetch("/test", { method: "POST", body: JSON.stringify({ transactionId, message: "false" }) })).status,
          ann.id,
        );
        expect(status).toBe(401);
        expect(await texts(ann)).toEqual([]);
      });

      if (mode === "behind the service")
        it("cannot go past the app server to the service", async () => {
          const negotiate = (headers: Readonly<Record<string, string>>) =>
            fetch(`${stage.clientEndpoint}/client/negotiate?hub=messagehub`, { method: "POST", headers });
          expect((await negotiate({})).status).toBe(401);
          expect((await negotiate({ authorization: `Bearer ${await begin(stage.instances[0]!)}` })).status).toBe(401);
        });
    });
  });

  it.each(modes)("a transaction %s ends at its time: for its page, for the outside, for latecomers", async (mode) => {
    await using stage = await setStage(mode, 12);
    const ann = await visit(stage.pages[0]!);
    expect(await outcome(await send(stage.instances.at(-1)!, ann.id, "in time"))).toEqual(delivered);
    await phase(ann, "Expired");
    for (const instance of stage.instances) expect(await outcome(await send(instance, ann.id, "too late"))).toEqual(unknown);
    await expect(connect(await intrude(stage.pages[0]!), ann.id)).rejects.toThrow("Status code '401'");
    expect(await ann.page.getByRole("alert").textContent()).toContain("has expired");
    await ann.page.getByRole("button", { name: "Begin a new transaction" }).click();
    const again = await arrived(ann.page);
    expect(again.id).not.toBe(ann.id);
    expect(await outcome(await send(stage.instances[0]!, again.id, "anew"))).toEqual(delivered);
    expect(await texts(again)).toEqual(["anew"]);
  });

  it.runIf(screenshotsWanted)("two visitors have their picture taken", async () => {
    await using stage = await setStage("self-hosted");
    const ann = await visit(stage.pages[0]!);
    const bob = await visit(stage.pages[0]!, { colorScheme: "dark" });
    for (const [{ id }, text] of [
      [ann, "Your payment of 42.00 EUR was accepted."],
      [bob, "Your bank asks for a second factor."],
      [ann, "The receipt is on its way."],
    ] as const)
      expect(await outcome(await send(stage.instances[0]!, id, text))).toEqual(delivered);
    await takeScreenshotOfAll(browser, [ann.page, bob.page], join(sample, "screenshot.png"));
  });
});

it.each([
  ["two app servers and a service", [], 2],
  ["--self-hosted", ["--self-hosted"], 1],
] as const)("starts %s with one command", async (_, options, count) => {
  const folder = mkdtempSync(join(tmpdir(), "secure-message-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const args = [...options, "--port", "0", "--database", join(folder, "transactions.db")];
  const program = ["npm", "run", "sample", "secure-message", "--"] as const;
  const start = launchSignalbox(args, 60_000, { program, folder: root, env: { SECURE_MESSAGE_API_KEY: apiKey } });
  const [line] = await start.printed(/The page is at .+/);
  const instances = [...line.matchAll(/http\S+(?=\/)/g)].map(([url]) => url);
  expect(instances).toHaveLength(count);
  for (const instance of instances) {
    expect(await (await fetch(instance)).text()).toContain("<title>Secure message</title>");
    const id = await begin(instance);
    const client = await startClient(instance, id, () => true);
    for (const asked of instances) expect(await outcome(await send(asked, id, "Hello"))).toEqual(delivered);
    await client.stop();
  }
  expect(start.output()).toContain(`curl ${instances.at(-1)}/test -H "Authorization: Bearer `);
  expect(await start.stop()).toBe(0);
});
