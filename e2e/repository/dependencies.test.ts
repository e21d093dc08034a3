import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { manifest, publishedPackages, root } from "../support/repository.ts";

describe("docs/dependencies.md", () => {
  const rows = readFileSync(join(root, "docs/dependencies.md"), "utf8")
    .split("\n")
    .map((line) => /^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|/.exec(line))
    .filter((row) => row !== null)
    .map(([, name, users, reason]) => ({ name: name!, users: users!.trim().split(", "), reason: reason!.trim() }));

  it("names every run-time dependency with the packages that use it, and no other", () => {
    const used = new Map<string, string[]>();
    for (const folder of publishedPackages) {
      for (const name of Object.keys(manifest(folder).dependencies ?? {})) {
        if (!name.startsWith("@signalbox/")) used.set(name, [...(used.get(name) ?? []), folder]);
      }
    }
    expect(Object.fromEntries(rows.map((row) => [row.name, row.users]))).toEqual(Object.fromEntries(used));
  });

  it("gives a reason for each", () => {
    for (const row of rows) expect(row.reason, row.name).not.toBe("");
  });

  it("every version is exact", () => {
    for (const folder of publishedPackages) {
      for (const [name, version] of Object.entries(manifest(folder).dependencies ?? {})) {
        expect(version, `${folder}: ${name}`).toMatch(/^(npm:@?[\w/-]+@)?\d+\.\d+\.\d+$/);
      }
    }
  });
});
