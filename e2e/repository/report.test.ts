import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readReport } from "../../scripts/report.mjs";
import { root } from "../support/repository.ts";

it("the report of npm test names what failed, what was skipped, and what passed only when repeated", async () => {
  const folder = `${mkdtempSync(join(tmpdir(), "signalbox-report-"))}/`;
  const tests = `
    let attempts = 0;
    describe("suite", () => {
      test("passes", () => {});
      test("passes later", { retry: 1 }, () => expect(++attempts).toBe(2));
      test("fails", { retry: 1 }, () => expect(1).toBe(2));
      test.skip("is skipped", () => {});
    });`;
  writeFileSync(join(folder, "a.test.js"), tests);
  writeFileSync(join(folder, "broken.test.js"), "throw new Error('cannot be loaded')");
  const file = join(folder, "report.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", "--root", folder, "--globals", "--reporter=json", `--outputFile=${file}`];
  await new Promise<void>((resolve) => execFile(process.execPath, args, () => resolve()));
  const { failures, ...rest } = readReport(JSON.parse(readFileSync(file, "utf8")), folder);
  expect(failures.toSorted()).toEqual(["a.test.js: suite fails", "broken.test.js: cannot be loaded"]);
  expect(rest).toEqual({
    passed: 2,
    skips: ["a.test.js: suite is skipped"],
    repeated: ["a.test.js: suite passes later (AssertionError: expected 1 to be 2 // Object.is equality)"],
  });
});
