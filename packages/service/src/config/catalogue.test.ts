import { describe, expect, it } from "vitest";
import { catalogue } from "./catalogue.ts";
import { loadSettings } from "./load.ts";

describe("the catalogue of settings", () => {
  it("names each setting for file, command line and environment", () => {
    expect(catalogue.find(({ path }) => path === "clients.keepAliveInterval")).toMatchObject({
      flag: "--clients-keep-alive-interval",
      variable: "SIGNALBOX_CLIENTS_KEEP_ALIVE_INTERVAL",
      fallback: "15s",
    });
  });

  it("gives no two settings the same flag or variable", () => {
    expect(new Set(catalogue.map(({ flag }) => flag)).size).toBe(catalogue.length);
    expect(new Set(catalogue.map(({ variable }) => variable)).size).toBe(catalogue.length);
  });

  it("describes each setting in a phrase that can be followed by a full stop", () => {
    for (const { info } of catalogue) {
      expect(info.description).toMatch(/^[A-Z].*[^.]$/);
      expect(info.expects).toMatch(/^(a|an|the|at|one|true) .*[^.]$/);
    }
  });

  it("has defaults that are valid, whatever their kind", () => {
    const { settings } = loadSettings({ folder: "/nonexistent" });
    expect(settings.port).toBe(8888);
    expect(settings.adminPort).toBe(8889);
    expect(settings.ip).toBeUndefined();
    expect(settings.clients).toEqual({
      maxConnections: 0,
      negotiateTimeout: 5_000,
      handshakeTimeout: 15_000,
      keepAliveInterval: 15_000,
      clientTimeout: 30_000,
      maxLifetime: 0,
      maxMessageBytes: 1_048_576,
      maxPendingBytes: 1_048_576,
      sendTimeout: 10_000,
      reconnectBufferBytes: 100_000,
      reconnectWindow: 30_000,
      pollTimeout: 90_000,
      pollInterval: 5_000,
    });
    expect(settings.tokens.clockSkew).toBe(300_000);
    expect(settings.upstream).toMatchObject({ templates: [], timeout: 100_000, responseLimit: 16_777_216, maxRedirects: 50 });
    expect(settings.cors.origins).toEqual(["*"]);
  });
});
