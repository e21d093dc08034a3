import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadSettings, type SettingsSources } from "./load.ts";
import { type SettingsChange, watchSettings } from "./reload.ts";

let folder: string;
let file: string;
let changes: SettingsChange[];
let errors: string[];
let stop: () => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-reload-"));
  file = join(folder, "settings.json");
  changes = [];
  errors = [];
});
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true });
});

function write(settings: unknown): void {
  writeFileSync(file, typeof settings === "string" ? settings : JSON.stringify(settings));
}

function watch(sources: SettingsSources = {}): void {
  const loaded = loadSettings({ folder, ...sources });
  stop = watchSettings(
    loaded,
    sources,
    (change) => changes.push(change),
    (error) => errors.push(error.message),
  ).close;
}

async function nextChange(): Promise<SettingsChange> {
  await vi.waitFor(() => expect(changes).not.toEqual([]));
  return changes.shift()!;
}

async function nextError(): Promise<string> {
  await vi.waitFor(() => expect(errors).not.toEqual([]));
  return errors.shift()!;
}

describe("a settings file that changes", () => {
  it("takes effect, and goes on being followed", async () => {
    write({ clients: { keepAliveInterval: 10 } });
    watch();
    write({ clients: { keepAliveInterval: 20 } });
    expect(await nextChange()).toMatchObject({
      settings: { clients: { keepAliveInterval: 20_000 }, port: 8888 },
      effective: ["clients.keepAliveInterval"],
      waiting: [],
    });
    write({ templates: [{ urlTemplate: "http://host/" }] });
    expect(await nextChange()).toMatchObject({
      settings: { clients: { keepAliveInterval: 15_000 }, upstream: { templates: [{ urlTemplate: "http://host/" }] } },
      effective: ["clients.keepAliveInterval", "upstream.templates"],
    });
  });

  it("may appear after the start", async () => {
    watch();
    write({ templates: [{ urlTemplate: "http://host/" }] });
    expect((await nextChange()).effective).toEqual(["upstream.templates"]);
  });

  it("may be replaced by another file of its name", async () => {
    write({ log: { level: "info" } });
    watch();
    writeFileSync(`${file}.new`, JSON.stringify({ log: { level: "warn" } }));
    renameSync(`${file}.new`, file);
    expect((await nextChange()).settings.log.level).toBe("warn");
  });

  it("may be a link whose target is replaced, as Kubernetes does with a ConfigMap", async () => {
    for (const [version, level] of [
      ["v1", "info"],
      ["v2", "warn"],
    ] as const) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, "settings.json"), JSON.stringify({ log: { level } }));
    }
    symlinkSync("v1", join(folder, "current"));
    symlinkSync(join("current", "settings.json"), file);
    watch();
    symlinkSync("v2", join(folder, "next"));
    renameSync(join(folder, "next"), join(folder, "current"));
    expect((await nextChange()).settings.log.level).toBe("warn");
  });

  it("leaves what needs a restart as it was, and says so", async () => {
    watch({ flags: { port: "7000" } });
    write({ adminPort: 9999, data: "other.db", log: { level: "debug" } });
    expect(await nextChange()).toMatchObject({
      settings: { port: 7000, adminPort: 7001, data: ".signalbox/signalbox.db", log: { level: "debug" } },
      effective: ["log.level"],
      waiting: ["adminPort", "data"],
    });
  });

  it("still yields to the environment and to flags", async () => {
    watch({ environment: { SIGNALBOX_LOG_LEVEL: "error" }, flags: { "upstream.timeout": "7" } });
    write({ log: { level: "debug" }, upstream: { timeout: 8, maxRedirects: 1 } });
    expect(await nextChange()).toMatchObject({
      settings: { log: { level: "error" }, upstream: { timeout: 7_000, maxRedirects: 1 } },
      effective: ["upstream.maxRedirects"],
    });
  });

  it("changes nothing while it cannot be used, and says once why", async () => {
    write({ log: { level: "warn" } });
    watch();
    write('{"log": ');
    expect(await nextError()).toMatch(/settings\.json is no valid JSON: /);
    write({ log: { level: "loud" } });
    expect(await nextError()).toMatch(/^log\.level in .* must be one of trace, .*, not "loud"\.$/);
    rmSync(file);
    expect(await nextError()).toMatch(/settings\.json is gone; what it said stays in force\.$/);
    write({ log: { level: "debug" } });
    expect((await nextChange()).settings.log.level).toBe("debug");
    expect(errors).toEqual([]);
  });

  it("keeps the running keys when the new ones may not be used", async () => {
    const key = "an-access-key-of-more-than-32-characters";
    write({ ip: "0.0.0.0", accessKeys: { primary: key } });
    watch();
    write({ ip: "0.0.0.0" });
    expect(await nextError()).toMatch(/^Everybody knows the development key/);
    expect(changes).toEqual([]);
  });
});
