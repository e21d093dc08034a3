import { describe, expect, it } from "vitest";
import {
  bodyOf,
  type Files,
  httpBindings,
  httpInput,
  type RunningApp,
  startApp,
  v3Function,
  writeApp,
  writeFiles,
} from "../../test/test-app.ts";
import type { AppHostEvents, LoadedApp } from "../contracts/app-host.ts";
import { createAppHost } from "./node-app-host.ts";

const app = (scripts: Readonly<Record<string, string>>): { files: Files } => ({
  files: Object.assign({}, ...Object.entries(scripts).map(([name, script]) => v3Function(name, httpBindings, script))),
});
const call = async ({ invoke }: RunningApp, name: string, options = {}) => await invoke(name, { req: httpInput() }, options);
const good = "module.exports = async (context) => { context.res = { body: 'good' }; };";
const waits = "module.exports = () => { console.log('waiting'); };";

function crashes({ host }: RunningApp): AppHostEvents["crashed"][] {
  const seen: AppHostEvents["crashed"][] = [];
  host.on("crashed", (event) => seen.push(event));
  return seen;
}
const nextRestart = ({ host }: RunningApp) => new Promise<LoadedApp>((resolve) => host.on("restarted", resolve));
const saysWaiting = (running: RunningApp) =>
  expect.poll(() => running.logs.some(({ message }) => message === "waiting")).toBe(true);

describe("a crash", () => {
  it.each<{ name: string; script: string; reason: string }>([
    {
      name: "process.exit",
      script: "module.exports = () => process.exit(7);",
      reason: 'process.exit) with code 7 in the function "bad"',
    },
    {
      name: "an error nobody caught",
      script: "module.exports = () => { setImmediate(() => { throw new Error('lost'); }); };",
      reason: "lost",
    },
    {
      name: "a rejection nobody caught",
      script: "module.exports = () => { Promise.reject(new Error('lost')); };",
      reason: "lost",
    },
    { name: "a signal", script: "module.exports = () => process.kill(process.pid, 'SIGKILL');", reason: "ended by SIGKILL" },
    { name: "abort", script: "module.exports = () => process.abort();", reason: "ended by SIGABRT" },
  ])("by $name fails what is in flight, names the reason, and restarts", async ({ script, reason }) => {
    const running = await startApp(app({ bad: script, good, waits }));
    const seen = crashes(running);
    const restarted = nextRestart(running);
    const other = call(running, "waits");
    await saysWaiting(running);
    const { error } = await call(running, "bad");
    expect(error).toMatchObject({ failure: "crashed", message: expect.stringContaining(reason) });
    expect((await other).error).toMatchObject({ failure: "crashed" });
    expect(seen).toEqual([{ reason: expect.stringContaining(reason), failedInvocations: 2, restartInMs: 0 }]);
    expect((await restarted).functions).toHaveLength(3);
    expect(bodyOf(await running.request("good"))).toBe("good");
  });

  it("lets invocations that come meanwhile wait for the restart", async () => {
    const running = await startApp(app({ bad: "module.exports = () => process.exit(1);", good }));
    await call(running, "bad");
    expect(bodyOf(await running.request("good"))).toBe("good");
  });

  it("after a crash makes the next restart wait longer, until it has been calm", async () => {
    const restartPolicy = { firstPauseMs: 40, longestPauseMs: 60, calmMs: 10_000 };
    const running = await startApp(app({ bad: "module.exports = () => process.exit(1);" }), { restartPolicy });
    const seen = crashes(running);
    for (let round = 0; round < 4; round += 1) await call(running, "bad");
    expect(seen.map(({ restartInMs }) => restartInMs)).toEqual([0, 40, 60, 60]);
  });

  it("says what the process wrote last", async () => {
    const script = "module.exports = () => { require('fs').writeSync(2, 'last words'); process.exit(1); };";
    const running = await startApp(app({ bad: script }));
    await call(running, "bad");
    expect(running.logs).toContainEqual(
      expect.objectContaining({ category: "console", level: "error", message: "last words" }),
    );
  });
});

describe("a time-out", () => {
  it.each([
    ["of an endless loop", "module.exports = () => { for (;;); };"],
    ["of a handler that never completes", "module.exports = () => {};"],
    ["of a promise that never settles", "module.exports = () => new Promise(() => {});"],
  ])("%s fails it, ends the process, and the next runs", async (_name, script) => {
    const running = await startApp(app({ slow: script, good, waits }));
    const seen = crashes(running);
    const other = call(running, "waits");
    await saysWaiting(running);
    const { error } = await call(running, "slow", { timeoutMs: 300 });
    expect(error).toMatchObject({ failure: "timeout", message: 'The function "slow" took longer than 300 ms.' });
    expect((await other).error).toMatchObject({ failure: "crashed", message: expect.stringContaining('"slow" took longer') });
    expect(seen).toMatchObject([{ failedInvocations: 1, restartInMs: 0 }]);
    expect(bodyOf(await running.request("good"))).toBe("good");
  });

  it("lets invocations that come right after it wait for the next process", async () => {
    const running = await startApp(app({ slow: "module.exports = () => { for (;;); };", good }));
    await call(running, "slow", { timeoutMs: 200 });
    expect(bodyOf(await running.request("good"))).toBe("good");
  });

  it("that is not reached costs nothing", async () => {
    const running = await startApp(app({ good }));
    expect((await call(running, "good", { timeoutMs: 10_000 })).error).toBeUndefined();
    expect((await call(running, "good", { timeoutMs: 86_400_000 * 365 })).error).toBeUndefined();
  });
});

describe("a caller that gives up", () => {
  it("gets `cancelled`; the app goes on", async () => {
    const running = await startApp(app({ waits, good }));
    const caller = new AbortController();
    const answer = call(running, "waits", { signal: caller.signal });
    await saysWaiting(running);
    caller.abort();
    expect((await answer).error?.failure).toBe("cancelled");
    expect((await call(running, "good", { signal: caller.signal })).error?.failure).toBe("cancelled");
    expect(bodyOf(await running.request("good"))).toBe("good");
  });

  it("leaves its time-out behind: an endless loop does not outlive it", async () => {
    const running = await startApp(app({ loops: "module.exports = () => { console.log('waiting'); for (;;); };", good }));
    const caller = new AbortController();
    const answer = call(running, "loops", { signal: caller.signal, timeoutMs: 2_000 });
    await saysWaiting(running);
    const restarted = nextRestart(running);
    caller.abort();
    expect((await answer).error?.failure).toBe("cancelled");
    await restarted;
    expect(bodyOf(await running.request("good"))).toBe("good");
  });
});

describe("an app that cannot be started", () => {
  it("is an error that names the program", async () => {
    const root = await writeApp(app({ good }));
    const host = createAppHost({ root, environment: {}, nodePath: "/no/such/node" });
    await expect(host.start()).rejects.toThrow('"/no/such/node" cannot be started');
    await host.stop();
  });
});

describe("restart", () => {
  it("loads changed files, after what is in flight", async () => {
    const slow =
      "module.exports = async (c) => { console.log('waiting'); await new Promise((r) => setTimeout(r, 300)); c.res = { body: 'old' }; };";
    const running = await startApp(app({ f: slow }));
    const before = running.request("f");
    await saysWaiting(running);
    await writeFiles(running.root, { ...v3Function("f", httpBindings, good), ...v3Function("g", httpBindings, good) });
    const restart = running.host.restart();
    const during = running.request("f");
    expect(bodyOf(await before)).toBe("old");
    expect((await restart).functions.map(({ name }) => name)).toEqual(["f", "g"]);
    expect(bodyOf(await during)).toBe("good");
  });

  it("brings back an app that could not be loaded at all", async () => {
    const running = await startApp({
      library: "azure-functions-v4",
      files: { "package.json": { main: "index.js" }, "index.js": "process.exit(1);" },
    });
    expect(running.loaded.functions).toEqual([]);
    expect((await call(running, "f")).error).toMatchObject({ failure: "unavailable" });
    await writeFiles(running.root, { "index.js": "require('@azure/functions').app.get('f', () => ({ body: 'back' }));" });
    await running.host.restart();
    expect(bodyOf(await running.request("f"))).toBe("back");
  });

  it("does not wait for what never ends", async () => {
    const running = await startApp(app({ waits }));
    const answer = call(running, "waits");
    await saysWaiting(running);
    await running.host.restart({ graceMs: 50 });
    expect((await answer).error).toMatchObject({
      failure: "crashed",
      message: expect.stringContaining("The app was stopped."),
    });
  });
});

describe("stop", () => {
  it("waits for what is in flight, then answers `unavailable`", async () => {
    const slow =
      "module.exports = async (c) => { console.log('waiting'); await new Promise((r) => setTimeout(r, 200)); c.res = { body: 'done' }; };";
    const running = await startApp(app({ slow }));
    const answer = running.request("slow");
    await saysWaiting(running);
    await running.host.stop();
    expect(bodyOf(await answer)).toBe("done");
    expect((await call(running, "slow")).error).toMatchObject({ failure: "unavailable", message: "The app has been stopped." });
    await running.host.stop();
    await expect(running.host.restart()).rejects.toThrow("stopped");
  });

  it("ends an app that loads without end", async () => {
    const root = await writeApp(app({ loops: "console.log('waiting'); for (;;);" }));
    const host = createAppHost({ root, environment: {} });
    const loops = new Promise<void>((resolve) => host.on("log", ({ message }) => message === "waiting" && resolve()));
    const started = host.start();
    await loops;
    await host.stop();
    expect((await started).problems).toMatchObject([{ message: expect.stringContaining("The app was stopped.") }]);
  });
});

describe("calling", () => {
  it("knows functions without letter case, and says which is unknown", async () => {
    const running = await startApp(app({ good }));
    expect((await call(running, "GOOD")).error).toBeUndefined();
    expect((await call(running, "other")).error).toMatchObject({
      failure: "unavailable",
      message: 'There is no function "other".',
    });
  });

  it("starts in the order of the calls and runs concurrently", async () => {
    // The first call ends when the last has begun.
    const script = `const waiting = []; module.exports = async (context) => {
      const mine = waiting.length;
      await new Promise((resolve) => { if (waiting.push(resolve) === 8) for (const end of waiting.reverse()) end(); });
      context.res = { body: mine };
    };`;
    const running = await startApp(app({ f: script }));
    const finished: unknown[] = [];
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const body = (await running.request("f"))?.body?.int;
        finished.push(body);
        return body;
      }),
    );
    expect(answers).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(finished).not.toEqual(answers);
    expect(running.host.inFlight).toBe(0);
  });

  it("carries megabytes both ways, byte for byte", async () => {
    const script = "module.exports = async (context, req) => { context.res = { body: req.bufferBody }; };";
    const running = await startApp(app({ f: script }));
    const body = Buffer.alloc(5_000_000, "0123456789");
    const answer = await running.request("f", { method: "POST", body: { bytes: body } });
    expect(Buffer.compare(Buffer.from(answer?.body?.bytes ?? []), body)).toBe(0);
  });
});

describe("what the app prints", () => {
  it("is logged with level and invocation; outside of one without", async () => {
    const script = `console.log("at load"); module.exports = async (context) => {
      console.log("log %d", 1); console.debug("debug"); console.info("info"); console.warn("warn"); console.error("error");
      process.stdout.write("raw\\n"); await null; setTimeout(() => console.log("later"), 10);
    };`;
    const running = await startApp(app({ f: script }));
    await call(running, "f", { invocationId: "id" });
    await expect.poll(() => running.logs.some(({ message }) => message === "later")).toBe(true);
    const printed = running.logs.filter(({ category }) => category === "console");
    expect(printed.map(({ level, message }) => [level, message])).toEqual([
      ["information", "at load"],
      ["information", "log 1"],
      ["debug", "debug"],
      ["information", "info"],
      ["warning", "warn"],
      ["error", "error"],
      ["information", "raw"],
      ["information", "later"],
    ]);
    expect(printed[0]?.functionName).toBeUndefined();
    expect(printed.slice(1).every(({ functionName, invocationId }) => functionName === "f" && invocationId === "id")).toBe(
      true,
    );
  });

  it("in concurrent invocations is told apart", async () => {
    const script =
      "module.exports = async (context) => { for (let i = 0; i < 5; i++) { await null; console.log(context.invocationId); } };";
    const running = await startApp(app({ f: script }));
    await Promise.all(["a", "b", "c"].map((invocationId) => call(running, "f", { invocationId })));
    const printed = running.logs.filter(({ category }) => category === "console");
    expect(printed).toHaveLength(15);
    expect(printed.every(({ message, invocationId }) => message === invocationId)).toBe(true);
  });

  it("in a child process is logged too", async () => {
    const script =
      "module.exports = async () => { require('child_process').execSync('echo from a child', { stdio: 'inherit' }); };";
    const running = await startApp(app({ f: script }));
    await call(running, "f");
    await expect.poll(() => running.logs.some(({ message }) => message === "from a child")).toBe(true);
  });
});
