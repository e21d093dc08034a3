import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where `npm run build` puts the page; the same place seen from `src` and from `dist`. */
export const builtPage = fileURLToPath(new URL("../../dist/dashboard/", import.meta.url));

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/**
 * A file of the page.
 * @param path of the request: `/`, or `/assets/` and a name that changes with the content
 * @returns undefined when there is none
 */
export async function pageFile(folder: string, path: string): Promise<PageFile | undefined> {
  const name = path === "/" ? "index.html" : /^\/(assets\/[\w-][\w.-]*)$/.exec(path)?.[1];
  const type = types[name?.split(".").at(-1) ?? ""];
  if (name === undefined || type === undefined) return undefined;
  try {
    return { bytes: new Uint8Array(await readFile(join(folder, name))), type };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
