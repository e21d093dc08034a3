import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../../config/config-error.ts";
import { Secrets } from "./secrets.ts";

describe("secrets", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "signalbox-secrets-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("make a master key and a host key, and keep them over a restart", async () => {
    const first = await Secrets.open(folder);
    expect(first.masterKey).toMatch(/^[\w-]{54}$/);
    const second = await Secrets.open(folder);
    expect(second.masterKey).toBe(first.masterKey);
    expect([...second.keys("functionkeys")]).toEqual([...first.keys("functionkeys")]);
  });

  it("keep what was set and forget what was deleted", async () => {
    const first = await Secrets.open(folder);
    await Promise.all([
      first.set("systemkeys", "signalr_extension", "s"),
      first.set({ functionName: "Chat" }, "partner", "p"),
      first.set("functionkeys", "gone", "g"),
    ]);
    expect(await first.delete("functionkeys", "gone")).toBe(true);
    expect(await first.delete("functionkeys", "gone")).toBe(false);
    const second = await Secrets.open(folder);
    expect(second.keys("systemkeys").get("signalr_extension")).toBe("s");
    expect(second.keys({ functionName: "chat" }).get("partner")).toBe("p");
    expect(second.keys("functionkeys").has("gone")).toBe(false);
    expect((await readdir(folder)).toSorted()).toEqual(["chat.json", "host.json"]);
  });

  it("are for the owner's eyes", async () => {
    await Secrets.open(folder);
    expect((await stat(join(folder, "host.json"))).mode & 0o077).toBe(0);
  });

  it("are written as the cloud's host writes them", async () => {
    const secrets = await Secrets.open(folder);
    expect(JSON.parse(await readFile(join(folder, "host.json"), "utf8"))).toEqual({
      masterKey: { name: "master", value: secrets.masterKey, encrypted: false },
      functionKeys: [{ name: "default", value: secrets.keys("functionkeys").get("default"), encrypted: false }],
      systemKeys: [],
      source: "runtime",
    });
  });

  it.each([
    ["no JSON", "{"],
    ["no list", '{"functionKeys":{}}'],
    ["a key without value", '{"functionKeys":[{"name":"a"}]}'],
    ["an encrypted key", '{"masterKey":{"name":"master","value":"x","encrypted":true}}'],
  ])("say so when a file holds %s", async (_, text) => {
    await writeFile(join(folder, "host.json"), text);
    await expect(Secrets.open(folder)).rejects.toThrow(ConfigError);
  });
});
