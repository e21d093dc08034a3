import { describe, expect, it } from "vitest";
import { parseHostJson } from "./host-json.ts";
import { parseTimeSpan } from "./time-span.ts";

const parse = (value: object, environment = {}) => parseHostJson(JSON.stringify(value), environment);

describe("host.json (reference functions-host §3.1)", () => {
  it("holds defaults when there is none", () => {
    expect(parseHostJson(undefined)).toMatchObject({
      http: { routePrefix: "api", maxOutstandingRequests: -1, maxConcurrentRequests: -1, customHeaders: {} },
      functionTimeout: 30 * 60_000,
      functions: undefined,
      watchDirectories: [],
    });
  });

  it("takes comments and trailing commas", () => {
    const text = '\uFEFF{ // a comment\n "version": "2.0", "extensions": { "http": { "routePrefix": "/v1/", }, }, }';
    expect(parseHostJson(text).http.routePrefix).toBe("v1");
  });

  it.each([
    ["no version", {}, /runtime version 1, which is not supported/],
    ["another version", { version: "3.0" }, /has version "3.0"/],
    ["a bad time-out", { version: "2.0", functionTimeout: "soon" }, /functionTimeout in host.json is "soon"/],
    ["a bad limit", { version: "2.0", extensions: { http: { maxConcurrentRequests: 0 } } }, /maxConcurrentRequests/],
    ["a bad section", { version: "2.0", extensions: [] }, /extensions in host.json must be an object/],
    ["a bad header", { version: "2.0", extensions: { http: { customHeaders: { "a b": "x" } } } }, /"a b", which is no header/],
  ])("refuses %s", (_, file, message) => expect(() => parse(file)).toThrow(message));

  it("refuses what is no JSON object", () => {
    expect(() => parseHostJson("[]")).toThrow("host.json must hold a JSON object.");
    expect(() => parseHostJson("{")).toThrow(/^host.json is no valid JSON: /);
  });

  it("tolerates what it does not use, extensions.signalR included", () => {
    const config = parse({
      version: "2.0",
      extensionBundle: { id: "x", version: "[4.*, 5)" },
      extensions: { signalR: { a: 1 } },
      zzz: 1,
    });
    expect(config.extensions).toEqual({ signalr: { a: 1 } });
  });

  it.each([
    ["00:05:00", 300_000],
    [-1, undefined],
    ["-1", undefined],
  ])("functionTimeout %j is %j ms", (functionTimeout, expected) => {
    expect(parse({ version: "2.0", functionTimeout }).functionTimeout).toBe(expected);
  });

  it("is overridden by AzureFunctionsJobHost__…, in any letter case and with colons", () => {
    const config = parse(
      { version: "2.0", extensions: { http: { routePrefix: "a" } }, functions: ["x"] },
      {
        azurefunctionsjobhost__Extensions__HTTP__routePrefix: "",
        "AzureFunctionsJobHost:logging:logLevel:Default": "Debug",
        AzureFunctionsJobHost__extensions__http__maxConcurrentRequests: "5",
        AzureFunctionsJobHost__functions__0: "y",
        AzureFunctionsJobHost____proto____x: "evil",
      },
    );
    expect(config.http).toMatchObject({ routePrefix: "", maxConcurrentRequests: 5 });
    expect(config.logLevels).toEqual({ default: "debug" });
    expect(config.functions).toEqual(["y"]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it("holds the retry policy of functions that state none, whose numbers a variable may override", () => {
    expect(parse({ version: "2.0" }).retry).toBeUndefined();
    const retry = { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: "00:00:10" };
    expect(parse({ version: "2.0", retry }).retry).toEqual({ strategy: "fixedDelay", maxRetryCount: 2, delayInterval: 10_000 });
    expect(parse({ version: "2.0", retry }, { AzureFunctionsJobHost__retry__maxRetryCount: "-1" }).retry?.maxRetryCount).toBe(
      -1,
    );
    expect(() => parse({ version: "2.0", retry: { strategy: "often", maxRetryCount: "many" } })).toThrow(
      /retry.strategy in host.json must be fixedDelay or exponentialBackoff.*retry.maxRetryCount in host.json must be a whole number/s,
    );
    expect(() => parse({ version: "2.0", retry: 3 })).toThrow(/^retry in host.json /);
  });

  it("makes Strict-Transport-Security of hsts", () => {
    const hsts = { isEnabled: true, maxAge: "10.00:00:00", includeSubDomains: true, preload: true };
    expect(parse({ version: "2.0", extensions: { http: { hsts } } }).http.strictTransportSecurity).toBe(
      "max-age=864000; includeSubDomains; preload",
    );
  });
});

describe("a time span", () => {
  it.each([
    ["00:00:01", 1_000],
    ["1.02:03:04.5", 93_784_500],
    ["01:30", 5_400_000],
    ["-00:00:01", -1_000],
    ["2", 172_800_000],
  ])("%j is %d ms", (text, expected) => expect(parseTimeSpan(text)).toBe(expected));

  it.each(["", "24:00:00", "00:60:00", "1:2:3:4", "x", "1.5"])("%j is none", (text) => {
    expect(parseTimeSpan(text)).toBeUndefined();
  });
});
