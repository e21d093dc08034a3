import { assert, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./units.ts";

describe("a duration", () => {
  it.each([
    [15, 15_000],
    [0.5, 500],
    ["15", 15_000],
    ["500ms", 500],
    [" 15 s ", 15_000],
    ["1.5m", 90_000],
    ["2H", 7_200_000],
    ["7d", 604_800_000],
  ])("%j is %d ms", (written, expected) => {
    expect(parseDuration(written)).toBe(expected);
  });

  it.each([
    "",
    "s",
    "-1",
    "1e3",
    "5 weeks",
    "5constructor",
    "1s2s",
    Number.NaN,
    -1,
    Number.POSITIVE_INFINITY,
    "9999999999999999d",
  ])("%j is none", (written) => {
    expect(parseDuration(written)).toBeUndefined();
  });

  it("is read back as it was written", () => {
    assert(property(nat(), (value) => parseDuration(formatDuration(value)) === value));
  });

  it.each([
    [0, "0s"],
    [500, "500ms"],
    [90_000, "90s"],
    [300_000, "5m"],
    [604_800_000, "7d"],
  ])("%d ms is written %s", (value, expected) => {
    expect(formatDuration(value)).toBe(expected);
  });
});

describe("a size", () => {
  it.each([
    [100_000, 100_000],
    ["100000", 100_000],
    ["64KiB", 65_536],
    ["1 mib", 1_048_576],
    ["10MB", 10_000_000],
    ["2GiB", 2_147_483_648],
  ])("%j is %d bytes", (written, expected) => {
    expect(parseBytes(written)).toBe(expected);
  });

  it.each(["", "KiB", "-1", "1 KiBit", "1TiB"])("%j is none", (written) => {
    expect(parseBytes(written)).toBeUndefined();
  });

  it("is read back as it was written", () => {
    assert(property(nat(), (value) => parseBytes(formatBytes(value)) === value));
  });
});
