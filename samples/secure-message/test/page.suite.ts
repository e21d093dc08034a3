import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Browser, type BrowserContextOptions, launchChromium } from "../../../e2e/support/chromium.ts";
import { screenshotsWanted, takeScreenshotOfAll } from "../../../e2e/support/screenshot.ts";
import { absent, begin, delivered, madeUp, outcome, send, unknown } from "./outside.ts";
import { type Mode, type Stage, sample, setStage } from "./stage.ts";
import { arrived, connect, phase, servedBy, texts, visit as visitIn } from "./visitors.ts";

/** What people see in Chromium. */
export function pageSuite(mode: Mode, chromiumPath: string, stageOf: () => Stage): void {
  let stage: Stage;
  let browser: Browser;
  beforeAll(async () => {
    stage = stageOf();
    browser = await launchChromium(chromiumPath);
  });
  afterAll(() => browser?.close());
  const visit = (url: string, options?: BrowserContextOptions) => visitIn(browser, url, options);
  /** The same with a browser that does not care what the page allows it. */
  const intrude = async (url: string) => (await visit(url, { bypassCSP: true })).page;

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
      for (const instance of stage.instances) expect(await outcome(await send(instance, ann.id, "private"))).toEqual(delivered);
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

  it("ends with its transaction: for its page, for the outside, for latecomers", async () => {
    await using stage = await setStage(mode, 20);
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

  it.runIf(screenshotsWanted && mode === "self-hosted")("two visitors have their picture taken", async () => {
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
}
