import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/repository.ts";

const documents = globSync(["*.md", "{bench,docs,e2e,packages,samples}/**/*.md"], {
  cwd: root,
  exclude: ["**/node_modules/**"],
});

describe("documents", () => {
  it.each(documents)("every link in %s leads somewhere", (document) => {
    for (const link of links(readFileSync(join(root, document), "utf8"))) {
      if (/^[a-z]+:/i.test(link)) continue;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? document : join(dirname(document), decodeURIComponent(path));
      expect(existsSync(join(root, target)), `${document} links to ${link}`).toBe(true);
      if (anchor !== undefined && target.endsWith(".md"))
        expect(anchors(target), `${document} links to ${link}`).toContain(anchor);
    }
  });
});

/** Targets of inline links and of reference definitions, code left out. */
function links(text: string): string[] {
  const prose = text.replace(/^(```|~~~).*?^\1/gms, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*(\S+)/gm)].map(
    (match) => (match[1] ?? match[2])!,
  );
}

/** Ids of a document's headings, as GitHub makes them. */
function anchors(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8").replace(/^(```|~~~).*?^\1/gms, "");
  const seen = new Map<string, number>();
  return [...text.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map((match) => {
    const id = match[1]!
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const times = seen.get(id) ?? 0;
    seen.set(id, times + 1);
    return times === 0 ? id : `${id}-${times}`;
  });
}
