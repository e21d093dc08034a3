import { describe, expect, it } from "vitest";
import { adminEndpoint, connectionStringOf, publicEndpoint } from "./endpoint.ts";
import { loadSettings } from "./load.ts";
import type { Settings } from "./settings.ts";

const key = "an-access-key-of-more-than-32-characters";

function settings(flags: Record<string, string>): Settings {
  return loadSettings({ folder: "/nonexistent", flags: { "accessKeys.primary": key, ...flags } }).settings;
}

describe("the endpoint a service is reached at", () => {
  it.each([
    [{}, "http://localhost:8888"],
    [{ ip: "127.0.0.1" }, "http://127.0.0.1:8888"],
    [{ ip: "0.0.0.0" }, "http://localhost:8888"],
    [{ ip: "::" }, "http://localhost:8888"],
    [{ ip: "::1" }, "http://[::1]:8888"],
    [{ "tls.cert": "a", "tls.key": "b" }, "https://localhost:8888"],
    [{ endpoint: "https://Realtime.example.com/" }, "https://realtime.example.com"],
    [{ endpoint: "http://proxy:81" }, "http://proxy:81"],
  ])("with %j is %s", (flags, expected) => {
    expect(publicEndpoint(settings(flags), 8888)).toBe(expected);
  });

  it.each([
    [{}, "http://localhost:8889"],
    [{ adminIp: "127.0.0.1", "tls.cert": "a", "tls.key": "b" }, "http://127.0.0.1:8889"],
    [{ adminIp: "0.0.0.0", adminToken: key }, "http://localhost:8889"],
    [{ adminIp: "::", adminToken: key, "tls.cert": "a", "tls.key": "b" }, "https://localhost:8889"],
    [{ adminIp: "192.0.2.1", adminToken: key, "tls.cert": "a", "tls.key": "b" }, "https://192.0.2.1:8889"],
  ])("for operators, with %j, is %s", (flags, expected) => {
    expect(adminEndpoint(settings(flags), 8889)).toBe(expected);
  });

  it("has a connection string in the emulator's form", () => {
    expect(connectionStringOf(settings({}), 8888)).toBe(`Endpoint=http://localhost;Port=8888;AccessKey=${key};Version=1.0;`);
    expect(connectionStringOf(settings({ endpoint: "https://rt.example.com" }), 8888)).toBe(
      `Endpoint=https://rt.example.com;AccessKey=${key};Version=1.0;`,
    );
  });

  it.each(["ftp://host", "host", "http://host/path", "http://user@host", "http://host?x", "http://"])(
    "may not be %s",
    (endpoint) => {
      expect(() => settings({ endpoint })).toThrow(/^--endpoint must be an http or https URL without a path/);
    },
  );
});
