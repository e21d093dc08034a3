import { describe, expect, it } from "vitest";
import { LayeredSettings } from "./app-settings.ts";
import { parseLocalSettings } from "./local-settings.ts";

const parse = (value: object) => parseLocalSettings(JSON.stringify({ IsEncrypted: false, ...value }));

describe("local.settings.json (reference functions-host §3.2)", () => {
  it("is optional", () => expect(parseLocalSettings(undefined)).toMatchObject({ values: {}, warnings: [] }));

  it("holds values, connection strings and the host's settings, with comments", () => {
    const settings = parseLocalSettings(`{
      "IsEncrypted": false, // local
      "Values": { "A": "1", "B": true, "C": 2, "D": null },
      "ConnectionStrings": { "Sql": "s1", "Other": { "ConnectionString": "s2", "ProviderName": "p" } },
      "Host": { "LocalHttpPort": 7072, "LocalHttpAddress": "0.0.0.0", "CORS": "http://a.test/, http://b.test", "CORSCredentials": true },
    }`);
    expect(settings).toEqual({
      values: { A: "1", B: "true", C: "2" },
      connectionStrings: { Sql: "s1", Other: "s2" },
      host: { port: 7072, address: "0.0.0.0", cors: ["http://a.test", "http://b.test"], corsCredentials: true },
      warnings: [],
    });
  });

  it.each([
    ["a nested value", { Values: { A: { b: 1 } } }, /^Values.A in local.settings.json must be a string/],
    ["values that are no object", { Values: [] }, /^Values in local.settings.json must be an object/],
    ["encrypted values", { IsEncrypted: true, Values: { A: "x" } }, /are encrypted/],
    ["values without IsEncrypted", { IsEncrypted: undefined, Values: { A: "x" } }, /are encrypted/],
  ])("makes the file count as empty for %s", (_, file, warning) => {
    const settings = parse(file);
    expect(settings.values).toEqual({});
    expect(settings.warnings).toEqual([expect.stringMatching(warning)]);
  });

  it("names settings that have no effect where they stand", () => {
    const settings = parse({ A: "1", cors: "*", $schema: "s", Values: { B: "2", CORS: "*" } });
    expect(settings.values).toEqual({ B: "2", CORS: "*" });
    expect(settings.warnings).toEqual([
      "A in local.settings.json has no effect beside Values: it belongs into Values.",
      "cors in local.settings.json has no effect beside Values: it belongs into Host.",
      "CORS in local.settings.json has no effect in Values: it belongs into Host.",
    ]);
  });

  it("makes a file that is no JSON count as empty", () => {
    expect(parseLocalSettings("{")).toMatchObject({ values: {}, warnings: [expect.stringMatching(/no valid JSON/)] });
  });
});

describe("app settings", () => {
  it("come from the environment first, with a note of each one skipped, then from the file, then from the host", () => {
    const settings = new LayeredSettings({
      environment: { A: "env", UNSET: undefined },
      local: { values: { A: "file", B: "file", C: "" }, connectionStrings: { Sql: "s" } },
      fallbacks: { A: "host", c: "host", D: "host" },
    });
    expect(settings.entries()).toEqual({ A: "env", B: "file", C: "host", D: "host", "ConnectionStrings:Sql": "s" });
    expect(settings.skipped).toEqual(["A"]);
  });

  it("are found in any letter case, with __ for a colon", () => {
    const settings = new LayeredSettings({
      environment: { Azure__SignalR__Endpoints__east: "e", ON: "True", ONE: "1", OFF: "no" },
    });
    expect(settings.get("azure:signalr:endpoints:EAST")).toBe("e");
    expect(settings.under("Azure__SignalR__Endpoints__")).toEqual(new Map([["east", "e"]]));
    expect([settings.isTrue("on"), settings.isTrue("one"), settings.isTrue("off"), settings.isTrue("x")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("give connection strings by ConnectionStrings: first", () => {
    const settings = new LayeredSettings({
      environment: { X: "setting", ConnectionStrings__X: "string", Y: "y", Empty: "", AzureWebJobsStorage: "st" },
    });
    expect(settings.connectionString("X")).toBe("string");
    expect(settings.connectionString("Y")).toBe("y");
    expect(settings.connectionString("Empty")).toBeUndefined();
    expect(settings.storageConnectionString("Storage")).toBe("st");
    expect(settings.storageConnectionString("AzureWebJobsStorage")).toBe("st");
  });
});
