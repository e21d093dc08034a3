import { spawnSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { manifest, publishedPackages, root } from "../support/repository.ts";

describe("imports between packages", () => {
  it("each package uses only packages that stand before it", () => {
    for (const [position, folder] of publishedPackages.entries()) {
      const before = publishedPackages.slice(0, position).map((earlier) => manifest(earlier).name);
      const own = Object.keys(manifest(folder).dependencies ?? {}).filter((name) => name.startsWith("@signalbox/"));
      expect(before, folder).toEqual(expect.arrayContaining(own));
    }
  });

  it.each(publishedPackages)("%s imports no workspace package that its manifest does not name", (folder) => {
    const { name, dependencies, devDependencies } = manifest(folder);
    const declared = Object.keys(dependencies ?? {});
    const inTests = [...declared, ...Object.keys(devDependencies ?? {}), name];
    const files = globSync(`packages/${folder}/src/**/*.ts`, { cwd: root });
    expect(files).not.toEqual([]);
    for (const file of files) {
      for (const [, imported] of readFileSync(join(root, file), "utf8").matchAll(/from "((?:@signalbox\/|signalbox)[^"]*)"/g)) {
        expect(/\.(test|suite)\.ts$/.test(file) ? inTests : declared, `${file} imports ${imported}`).toContain(imported);
      }
    }
  });
});

describe("the linter refuses an import against the direction", () => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-boundaries-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ["packages/protocol/src", "@signalbox/transport"],
    ["packages/protocol/src", "@signalbox/service"],
    ["packages/transport/src", "@signalbox/service"],
    ["packages/transport/src", "signalbox"],
    ["packages/service/src", "signalbox"],
    ["packages/hub/src", "@signalbox/service"],
    ["packages/hub/src", "@signalbox/management"],
    ["packages/hub/src", "signalbox"],
    ["packages/management/src", "@signalbox/transport"],
    ["packages/management/src", "@signalbox/service"],
    ["packages/management/src", "signalbox"],
    ["packages/functions/src", "@signalbox/service"],
    ["packages/functions/src", "signalbox"],
    ["packages/dashboard/src", "@signalbox/transport"],
    ["packages/service/src/hub", "signalbox"],
    ["packages/service/src/backends/app-servers", "../../rest/door.ts"],
    ["packages/service/src/http", "../servers/door.ts"],
    ["packages/service/src/hub", "../rest/door.ts"],
    ["packages/service/src/hub", "../clients/door.ts"],
    ["packages/service/src/hub", "node:http"],
  ])("%s importing %s", (place, imported) => {
    const path = join(folder, place, "violation.ts");
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(root, "biome.json"), join(folder, "biome.json"));
    writeFileSync(path, `import { something } from "${imported}";\n\nexport const used = something;\n`);
    const { status, stdout } = spawnSync(
      join(root, "node_modules/.bin/biome"),
      ["check", "--vcs-enabled=false", "--reporter=github", "."],
      { cwd: folder, encoding: "utf8" },
    );
    rmSync(path);
    expect(stdout).toContain("noRestrictedImports");
    expect(status).toBe(1);
  });
});
