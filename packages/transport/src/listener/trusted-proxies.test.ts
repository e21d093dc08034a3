import { describe, expect, it } from "vitest";
import { TrustedProxies } from "./trusted-proxies.ts";

describe("trusted proxies", () => {
  it.each([
    [["10.0.0.7"], "10.0.0.7", true],
    [["10.0.0.7"], "10.0.0.8", false],
    [["10.0.0.0/8"], "10.1.2.3", true],
    [["::1"], "::1", true],
    [["fd00::/8"], "fd12::1", true],
    [["fd00::/8"], "10.0.0.1", false],
    [["*"], "", true],
    [[], "127.0.0.1", false],
    [["10.0.0.7"], "", false],
  ])("%j has %s: %j", (entries, address, expected) => expect(new TrustedProxies(entries).has(address)).toBe(expected));

  it.each(["proxy.test", "10.0.0.0/33", "10.0.0.0/x", ""])("%j is neither address nor network", (entry) => {
    expect(() => new TrustedProxies([entry])).toThrow(RangeError);
  });
});
