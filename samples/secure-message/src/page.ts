import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/** A part of the page: what is answered to a GET of its path. */
export interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Reads the built page, by URL path.
 * @param connectTo origins beside its own that the page may talk to: the service's, where there is one
 * @throws when it has not been built
 */
export function readPage(folder: string, connectTo: readonly string[]): ReadonlyMap<string, PageFile> {
  const connect = connectTo.flatMap((origin) => [origin, origin.replace(/^http/, "ws")]);
  const everywhere = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": [
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'",
      `connect-src ${["'self'", ...connect].join(" ")}`,
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ].join("; "),
  };
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(folder.length).replaceAll("\\", "/").replace(/^\/?/, "/");
    // Vite names the files in assets/ by their content.
    const caching = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    const type = types[extname(path)] ?? "application/octet-stream";
    const content = readFileSync(join(entry.parentPath, entry.name));
    files.set(path === "/index.html" ? "/" : path, {
      headers: { ...everywhere, "cache-control": caching, "content-type": type },
      content,
    });
  }
  return files;
}
