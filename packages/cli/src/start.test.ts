import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { launch, type Running, type RunOptions, signalbox } from "./signalbox.suite.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

let folder: string;
let running: Running[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-start-"));
  running = [];
});
afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  rmSync(folder, { recursive: true });
});

function background(args: readonly string[], options: Partial<RunOptions> = {}): Running {
  const process = launch(args, { cwd: folder, ...options });
  running.push(process);
  return process;
}

/** Starts a service on a free port and waits for its banner. */
async function start(args: readonly string[] = [], options: Partial<RunOptions> = {}) {
  const service = background(["start", "-p", "0", "--in-memory", ...args], options);
  await expect.poll(() => service.out() + service.err()).toMatch(/signalbox send|Upstream:\n.*\n|^signalbox: /);
  const connectionString = /^Endpoint=.*;$/m.exec(service.out())?.[0] ?? expect.fail(service.err());
  const adminPort = /Admin +http:\/\/localhost:(\d+)/.exec(service.out())![1]!;
  return { ...service, connectionString, adminPort };
}

const run = (args: readonly string[]) => signalbox(args, { cwd: folder });

describe("signalbox listen and send", () => {
  it.each([
    ["websockets", "json"],
    ["websockets", "messagepack"],
    ["sse", "json"],
    ["longpolling", "json"],
    ["longpolling", "messagepack"],
  ])("carry a call over %s as %s, whatever its target", async (transport, protocol) => {
    const { connectionString } = await start();
    const to = ["--connection-string", connectionString, "--hub", "Room"];
    const listener = background(["listen", ...to, "--user", "ann", "--transport", transport, "--protocol", protocol]);
    await expect.poll(listener.err).toMatch(/^Connected to hub Room as \S+\. Ctrl-C ends\.\n$/);

    const everybody = await run(["send", ...to, "newMessage", "Hello, world", "42", '{"a":[null]}', '"7"']);
    expect(everybody).toEqual({ code: 0, out: "", err: "" });
    expect((await run(["send", ...to, "--user", "bob", "private"])).code).toBe(0);
    expect((await run(["send", ...to, "--user", "ann", "private"])).code).toBe(0);
    await expect
      .poll(listener.out)
      .toBe('{"target":"newMessage","arguments":["Hello, world",42,{"a":[null]},"7"]}\n{"target":"private","arguments":[]}\n');

    listener.child.kill("SIGINT");
    expect((await listener.ended).code).toBe(0);
  });

  it("end in good order when nobody reads the output any more", async () => {
    const { connectionString } = await start();
    const listener = background(["listen", "--connection-string", connectionString]);
    await expect.poll(listener.err).toMatch(/^Connected/);
    listener.child.stdout!.destroy();
    expect((await run(["send", "--connection-string", connectionString, "hello"])).code).toBe(0);
    expect((await listener.ended).code).toBe(0);
    expect(listener.err()).toMatch(/^Connected.*\n$/);
  });

  it("say what the service has against them", async () => {
    const { connectionString } = await start();
    const wrongKey = connectionString.replace("ABCDEF", "GHIJKL");
    const refused = await run(["send", "--connection-string", wrongKey, "hello"]);
    expect(refused).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^signalbox: The service answered 401 Unauthorized.*\n$/),
    });
    const notHeard = await run(["listen", "--connection-string", wrongKey]);
    expect(notHeard).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/^signalbox: Cannot connect to .*401.*\)\.\n$/),
    });
  });

  it("reconnect when the service comes back", async () => {
    // Below the ports that the system hands out by itself, or another test may hold it while the service is away.
    const port = String(randomInt(15_000, 30_000));
    const first = await start(["-p", port]);
    const listener = background(["listen", "--connection-string", first.connectionString]);
    await expect.poll(listener.err).toContain("Connected");
    first.child.kill("SIGTERM");
    await first.ended;
    await expect.poll(listener.err).toContain("reconnecting");
    await start(["-p", port]);
    await expect.poll(listener.err).toContain("Connected again");
    await run(["send", "--connection-string", first.connectionString, "hello"]);
    await expect.poll(listener.out).toBe('{"target":"hello","arguments":[]}\n');
  });
});

describe("signalbox health", () => {
  it("asks the admin port of the service that runs with the settings here", async () => {
    const { adminPort, connectionString } = await start();
    writeFileSync(join(folder, "settings.json"), `{"adminPort":${adminPort}}`);
    expect(await run(["health"])).toEqual({ code: 0, out: "healthy\n", err: "" });
    expect((await run(["health", "--connection-string", connectionString])).code).toBe(0);
    expect((await run(["health", "--url", `http://localhost:${adminPort}/nowhere`])).err).toMatch(
      /^signalbox: The service is not ready: 404/,
    );
  });
});

describe("signalbox start", () => {
  it("follows its settings file, also one that appears later", async () => {
    const service = await start(["--log-format", "text"]);
    writeFileSync(
      join(folder, "settings.json"),
      '{"templates":[{"urlTemplate":"http://localhost:1/{event}?code=k"}],"adminPort":5}',
    );
    await expect.poll(service.err).toContain("wait for a restart: adminPort.");
    expect(service.err()).toContain("info  Settings changed: upstream.templates.\n");
    expect(service.err()).toContain("\t[0] http://localhost:1/{event}?code=***(event:'*',hub:'*',category:'*')");
    writeFileSync(join(folder, "settings.json"), '{"templates":[{}]}');
    await expect
      .poll(service.err)
      .toMatch(/error The settings stay as they are: templates in .*: \[0\]\.urlTemplate is missing\./);
  });

  it("logs JSON lines to standard error where nobody watches", async () => {
    const service = await start([], { env: { SIGNALBOX_PROT: "1" } });
    const [line] = service.err().split("\n");
    expect(JSON.parse(line!)).toMatchObject({ level: "warn", msg: expect.stringContaining("SIGNALBOX_PROT is unknown") });
    expect(service.out()).not.toContain('"level"');
  });

  it("hides an own key from a log and uses it", async () => {
    const key = "an-access-key-of-more-than-32-characters";
    const service = await start([], { env: { SIGNALBOX_ACCESS_KEYS_PRIMARY: key } });
    expect(service.out()).not.toContain(key);
    const sent = await run(["send", "--connection-string", service.connectionString.replace("***", key), "hello"]);
    expect(sent.code).toBe(0);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("lets its clients go on %s and ends with 0", async (signal) => {
    const service = await start();
    const listener = background(["listen", "--connection-string", service.connectionString]);
    await expect.poll(listener.err).toContain("Connected");
    service.child.kill(signal);
    expect((await service.ended).code).toBe(0);
    // Permission to reconnect is what makes the client try.
    await expect.poll(listener.err).toContain("reconnecting");
  });

  it("ends at once at a second signal", async () => {
    // A slice of one client and a long pause: draining would take half a minute.
    const service = await start(["--drain-slice-size", "1", "--drain-pause", "30s", "--drain-deadline", "60s"]);
    const listeners = [1, 2, 3].map(() => background(["listen", "--connection-string", service.connectionString]));
    for (const listener of listeners) await expect.poll(listener.err).toContain("Connected");
    service.child.kill("SIGTERM");
    await expect.poll(service.err).toContain("SIGTERM: closing the clients");
    // Signals within a second count as one, so this one is repeated until it counts.
    const again = setInterval(() => service.child.kill("SIGTERM"), 300);
    expect((await service.ended).code).toBe(128 + 15);
    clearInterval(again);
  });

  it.each(["node", "bun"])("ends when its standard input does, where it is told so, on %s", async (runtime) => {
    const service = await start(["--runtime", runtime, "--until-stdin-ends"], { stdin: true });
    service.child.stdin!.end();
    expect((await service.ended).code).toBe(0);
    expect(service.err()).toContain("SIGHUP: closing the clients");
    const args = ["start", "--runtime", runtime, "-i", "192.0.2.1", "--until-stdin-ends"];
    const refused = background([...args, "--access-keys-primary", "k".repeat(40)], { stdin: true });
    expect((await refused.ended).code, "does not keep what cannot start").toBe(1);
  });

  it("runs on Bun with --runtime bun or SIGNALBOX_RUNTIME, and passes signals and exit code on", async () => {
    for (const [args, env] of [
      [["--runtime", "bun"], {}],
      [[], { SIGNALBOX_RUNTIME: "bun" }],
    ] as const) {
      const service = await start(args, { env });
      expect(service.out()).toMatch(/^Signalbox on Bun \d/);
      service.child.kill("SIGTERM");
      expect((await service.ended).code).toBe(0);
    }
    expect((await signalbox(["start", "--runtime=bun", "-p", "x"], { cwd: folder })).code).toBe(1);
  });
});

describe.skipIf(process.platform !== "linux" || "Bun" in globalThis)(
  "the young generation of a service on Node (Linux)",
  () => {
    const argsOf = ({ child }: Running) => readFileSync(`/proc/${child.pid}/cmdline`, "utf8").replaceAll("\0", " ");

    it("has a bound, in the process that was started", async () => {
      const service = await start();
      expect(argsOf(service)).toMatch(/--max-semi-space-size=16 --conditions=signalbox-source \S+ start /);
      service.child.kill("SIGTERM");
      expect(await service.ended).toMatchObject({ code: 0, err: expect.not.stringContaining("xperimental") });
    });

    it("is as large as NODE_OPTIONS say", async () => {
      expect(argsOf(await start([], { env: { NODE_OPTIONS: "--max-semi-space-size=8" } }))).not.toContain("semi-space");
    });
  },
);

describe("the signalbox program", () => {
  /** A copy of the program outside of the repository: no packages beside it. */
  const alone = () => {
    const copy = join(folder, "alone/bin");
    mkdirSync(copy, { recursive: true });
    cpSync(join(repository, "packages/cli/bin/signalbox.js"), join(copy, "signalbox.js"));
    writeFileSync(join(folder, "alone/package.json"), '{"type":"module"}');
    return join(copy, "signalbox.js");
  };
  const execute = (runtime: string, args: readonly string[], env: Record<string, string | undefined> = {}) => {
    try {
      const out = execFileSync(runtime, args, {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: "pipe",
        encoding: "utf8",
      });
      return { code: 0, out, err: "" };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { code: status, out: stdout, err: stderr };
    }
  };

  it("says in a sentence that Bun is not there", () => {
    expect(execute(process.execPath, [alone(), "start", "--runtime", "bun"], { PATH: dirname(process.execPath) })).toEqual({
      code: 1,
      out: "",
      err: "signalbox: --runtime bun needs Bun: install it (https://bun.sh), or add the npm package bun beside signalbox.\n",
    });
  });

  it("says in a sentence that the checkout is not built", () => {
    expect(execute(process.execPath, [alone(), "--version"])).toEqual({
      code: 1,
      out: "",
      err: "signalbox: This checkout of Signalbox is not built: run npm run build first.\n",
    });
  });

  const old = oldNode();
  describe.skipIf(old === undefined)("on a Node that is too old (skipped where the PATH holds none)", () => {
    it("finds a newer one in the npm package node", () => {
      const source = ["--conditions=signalbox-source", join(repository, "packages/cli/bin/signalbox.js")];
      expect(execute(old!, [...source, "--version"])).toMatchObject({ code: 0, err: "" });
      expect(execute(old!, [...source, "start", "-p", "x"])).toMatchObject({ code: 1 });
    });

    it("says so in a sentence", () => {
      expect(execute(old!, [alone(), "start"])).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^signalbox: Signalbox needs Node\.js 22\.18 or newer; this is \d+\.\d+\.\d+\.\n$/),
      });
    });

    it("is not helped by a node package that is too old itself", () => {
      const program = alone();
      mkdirSync(join(folder, "node_modules/node/bin"), { recursive: true });
      symlinkSync(old!, join(folder, "node_modules/node/bin/node"));
      writeFileSync(join(folder, "node_modules/node/package.json"), '{"version":"20.0.0"}');
      expect(execute(old!, [program, "start"]).err).toContain("needs Node.js 22.18");
    });
  });
});

/** A Node below 22.18 in the PATH, as many machines have. */
function oldNode(): string | undefined {
  const programs = (process.env.PATH ?? "").split(delimiter).map((path) => join(path, "node"));
  return programs
    .filter((program) => existsSync(program))
    .find((program) => {
      const [major, minor] = execFileSync(program, ["--version"], { encoding: "utf8" }).slice(1).split(".").map(Number);
      return major! < 22 || (major === 22 && minor! < 18);
    });
}
