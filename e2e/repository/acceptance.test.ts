import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/repository.ts";

const text = readFileSync(join(root, "docs/acceptance.md"), "utf8");
const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| What is asked |"));

describe("docs/acceptance.md", () => {
  it("names tests that exist, by file and title", () => {
    expect(rows.length).toBeGreaterThan(100);
    const missing = rows.filter((row) => {
      const [, file, title] = /^\| .+ \| \[[^\]]+\]\(\.\.\/([^)]+)\) \| (.+) \|$/.exec(row) ?? [];
      return file === undefined || title === undefined || !titlesOf(file).includes(title);
    });
    expect(missing).toEqual([]);
  });
});

/** What stands between quotes in a file; in C#, a title may stand behind the name of a way (`$"{transport}: …"`) and before what varies. */
function titlesOf(file: string): string[] {
  const source = readFileSync(join(root, file), "utf8");
  const titles = [...source.matchAll(/"([^"\n]+)"|`([^`\n]+)`/g)].map(([, quoted, template]) => (quoted ?? template)!);
  return titles.map((title) => title.replace(/^(\{\w+\}|\w+): /, ""));
}
