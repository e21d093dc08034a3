import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppWatcher } from "./app-watcher.ts";

let folder: string;
let watcher: AppWatcher;
let changes: (readonly string[])[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-watch-"));
  for (const name of ["src", "assets", "node_modules", ".git"]) mkdirSync(join(folder, name));
  changes = [];
  watcher = new AppWatcher(folder, { directories: ["assets"], files: ["special.txt"] }, (files) => changes.push(files));
  await watcher.ready();
});
afterEach(async () => {
  await watcher.close();
  rmSync(folder, { recursive: true });
});

const write = (...names: readonly string[]) => {
  for (const name of names) writeFileSync(join(folder, name), "x");
};

describe("The watcher of an app", () => {
  it("tells of code, configuration and what host.json names, several at once", async () => {
    write("src/a.js", "src/b.mjs", "host.json", "special.txt", "assets/page.html");
    await expect
      .poll(() => changes.flat().toSorted())
      .toEqual(["assets/page.html", "host.json", "special.txt", "src/a.js", "src/b.mjs"].map((name) => join(name)));
  });

  it("tells nothing of data, libraries and hidden folders", async () => {
    write("src/data.json", "notes.txt", "src/code.ts", "node_modules/x.js", ".git/y.js");
    write("src/last.js");
    await expect.poll(() => changes.flat()).toEqual([join("src/last.js")]);
  });

  it("tells of files in a folder made later, and of their end", async () => {
    mkdirSync(join(folder, "later"));
    write("later/a.js");
    await expect.poll(() => changes.flat()).toEqual([join("later/a.js")]);
    rmSync(join(folder, "later", "a.js"));
    await expect.poll(() => changes.flat()).toHaveLength(2);
  });
});
