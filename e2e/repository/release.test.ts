import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { manifest, publishedPackages, root } from "../support/repository.ts";

const workflow = readFileSync(join(root, ".github/workflows/release.yml"), "utf8");
const published = [...workflow.matchAll(/npm publish .*--workspace packages\/(\S+)/g)].map(([, folder]) => folder!);

describe("the release workflow", () => {
  it("publishes every package that is not private, after it has checked its version", () => {
    const isPrivate = (folder: string) =>
      JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")).private === true;
    const expected = readdirSync(join(root, "packages")).filter((folder) => !isPrivate(folder));
    expect(published.toSorted()).toEqual(expected.toSorted());
    expect(publishedPackages.toSorted()).toEqual(expected.toSorted());
    expect(/for package in (.+); do/.exec(workflow)![1]!.split(" ").toSorted()).toEqual(expected.toSorted());
  });

  it("publishes no package before those that it depends on", () => {
    const names = new Map(publishedPackages.map((folder) => [manifest(folder).name, folder as string]));
    for (const folder of publishedPackages) {
      for (const name of Object.keys(manifest(folder).dependencies ?? {})) {
        const needed = names.get(name);
        if (needed !== undefined)
          expect(published.indexOf(needed), `${folder} needs ${needed}`).toBeLessThan(published.indexOf(folder));
      }
    }
  });
});
