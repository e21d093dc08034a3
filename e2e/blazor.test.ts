import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Browser, launchChromium, type Page } from "./support/chromium.ts";
import { appServerSdk, blazorAssets, buildBlazorApp } from "./support/dotnet-program.ts";
import { type AppServer, type HubProgram, startBehindService } from "./support/hub-server.ts";
import { patience } from "./support/patience.ts";
import { keptPort, type RunningService, startService } from "./support/service.ts";
import { chromium, dotnetSdk } from "./support/system-parts.ts";
import { startTcpProxy, type TcpProxy } from "./support/tcp-proxy.ts";

/** Blazor tries again after 5 seconds when it could not reconnect at once, and .NET programs start slowly; milliseconds. */
const limit = 2 * patience;

const [browserPath, dotnet] = [chromium.find(), dotnetSdk.find()];
const program = dotnet === undefined || browserPath === undefined ? undefined : await buildBlazorApp(dotnet);
const missing =
  browserPath === undefined
    ? "there is no Chromium"
    : dotnet === undefined
      ? "there is no .NET 10 SDK"
      : `the NuGet feed of this machine does not serve ${appServerSdk} or ${blazorAssets}`;

describe(`a Blazor Server app behind the service, by ${appServerSdk}, in Chromium`, { timeout: 3 * limit }, () => {
  if (program === undefined) it.skip(`is skipped: ${missing}`);
  else describeBlazor(program, browserPath!);
});

/** What the page shows, by id (`dotnet/blazor-app/Counter.razor`). */
const shown = (page: Page, id: "count" | "news" | "greeting") =>
  expect.poll(() => page.textContent(`#${id}`), { timeout: limit });

function describeBlazor(blazorApp: HubProgram, chromiumPath: string): void {
  const [servicePort, appPort] = [keptPort(), keptPort()];
  let service: RunningService;
  let proxy: TcpProxy;
  let app: AppServer;
  let browser: Browser;

  beforeAll(async () => {
    service = await startService({ port: servicePort });
    proxy = await startTcpProxy(service.port);
    app = await startApp();
    browser = await launchChromium(chromiumPath);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  function startApp(): Promise<AppServer> {
    const connectionString = `${service.connectionString.replace(/;?$/, ";")}ClientEndpoint=http://127.0.0.1:${proxy.port};`;
    const urls = `http://127.0.0.1:${appPort}`;
    return startBehindService(blazorApp, { connectionString }, ["--urls", urls], ["_blazor"]);
  }

  async function newPage(): Promise<Page> {
    const page = await browser.newPage();
    page.setDefaultTimeout(limit);
    return page;
  }

  /** The page, when its circuit runs. */
  async function visit(query = ""): Promise<Page> {
    const page = await newPage();
    await page.goto(app.clientUrl + query);
    await untilInteractive(page);
    return page;
  }

  const untilInteractive = (page: Page) => page.waitForSelector("text=interactive");
  /** Blazor covers the page while it has no connection. */
  const untilReconnecting = (page: Page, isReconnecting: boolean) =>
    page.waitForFunction(
      (display) => document.getElementById("components-reconnect-modal")?.style.display === display,
      isReconnecting ? "block" : "none",
    );
  const publish = (text: string) => fetch(`${app.clientUrl}/news`, { method: "POST", body: text });
  const click = (page: Page) => page.click("button");

  it("has its page speak blazorpack with the service", async () => {
    const page = await newPage();
    const sent: (string | Buffer)[] = [];
    const urls: string[] = [];
    page.on("websocket", (socket) => {
      urls.push(socket.url());
      socket.on("framesent", ({ payload }) => sent.push(payload));
    });
    await page.goto(app.clientUrl);
    await untilInteractive(page);
    expect(urls).toEqual([expect.stringContaining(`ws://127.0.0.1:${proxy.port}/client/?hub=componenthub&`)]);
    expect(String(sent[0])).toBe('{"protocol":"blazorpack","version":1}\u001e');
    await page.close();
  });

  it("answers what its visitors do, each with a state of its own", async () => {
    const [ann, bob] = [await visit(), await visit()];
    for (let i = 0; i < 3; i++) await click(ann);
    await click(bob);
    await shown(ann, "count").toBe("3");
    await shown(bob, "count").toBe("1");
    await ann.fill("#name", "Ann Grün");
    await shown(ann, "greeting").toBe("Hello, Ann Grün!");
    await ann.close();
    await bob.close();
  });

  it("pushes to its pages", async () => {
    const pages = [await visit(), await visit()];
    const text = `Neues: ${"ü€😀".repeat(500)}`;
    await publish(text);
    for (const page of pages) {
      await shown(page, "news").toBe(text);
      await page.close();
    }
  });

  it("keeps a page's state while its connection is broken", async () => {
    const page = await visit();
    await click(page);
    await shown(page, "count").toBe("1");
    proxy.cut();
    await untilReconnecting(page, true);
    proxy.release();
    await untilReconnecting(page, false);
    await click(page);
    await shown(page, "count").toBe("2");
    await page.close();
  });

  it("has a page with stateful reconnect not notice that its connection was broken", async () => {
    const page = await visit("/?stateful");
    await click(page);
    await shown(page, "count").toBe("1");
    proxy.cut();
    await click(page);
    await publish("meanwhile");
    proxy.release();
    await shown(page, "count").toBe("2");
    await shown(page, "news").toBe("meanwhile");
    // Blazor makes the element when it first shows it.
    expect(await page.$("#components-reconnect-modal")).toBeNull();
    await page.close();
  });

  it("keeps a page's state while Signalbox is started again", async () => {
    const page = await visit();
    await click(page);
    await shown(page, "count").toBe("1");
    await service.stop();
    await untilReconnecting(page, true);
    service = await startService({ port: servicePort });
    await untilReconnecting(page, false);
    await click(page);
    await shown(page, "count").toBe("2");
    await page.close();
  });

  it("has its pages begin anew when it has been started again", async () => {
    const page = await visit();
    await click(page);
    await shown(page, "count").toBe("1");
    await app.app.stop("SIGKILL");
    app = await startApp();
    await shown(page, "count").toBe("0");
    await untilInteractive(page);
    await click(page);
    await shown(page, "count").toBe("1");
    await page.close();
  });
}
