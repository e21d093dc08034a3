import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BlobServiceClient } from "@azure/storage-blob";
import { storage } from "./storage.js";

const folder = fileURLToPath(new URL("../content/", import.meta.url));
const require = createRequire(import.meta.url);

/** Packages of npm that the page uses, by the names under which it finds them. */
const libraries = {
  "scripts/lib/signalr.js": require.resolve("@microsoft/signalr/dist/browser/signalr.min.js"),
  "scripts/lib/uqr.js": join(dirname(require.resolve("uqr")), "index.mjs"),
};

/** @type {Readonly<Record<string, string>>} */
const contentTypes = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Puts the page into the container `content`, which anybody may read. What is there unchanged stays. */
export async function uploadContent() {
  const container = BlobServiceClient.fromConnectionString(storage).getContainerClient("content");
  await container.createIfNotExists({ access: "blob" });
  const own = globSync("**/*.*", { cwd: folder }).map((name) =>
    upload(container, name.replaceAll("\\", "/"), join(folder, name)),
  );
  const others = Object.entries(libraries).map(([name, path]) => upload(container, name, path));
  await Promise.all([...own, ...others]);
}

/**
 * @param {import("@azure/storage-blob").ContainerClient} container
 * @param {string} name
 * @param {string} path
 */
async function upload(container, name, path) {
  const blob = container.getBlockBlobClient(name);
  const bytes = readFileSync(path);
  const blobContentMD5 = createHash("md5").update(bytes).digest();
  if ((await blob.exists()) && blobContentMD5.equals((await blob.getProperties()).contentMD5 ?? Buffer.alloc(0))) return;
  // Browsers ask each time whether there is a newer one, and are told in a line when there is none.
  const blobHTTPHeaders = { blobContentType: contentTypes[extname(name)], blobCacheControl: "no-cache", blobContentMD5 };
  await blob.uploadData(bytes, { blobHTTPHeaders });
}
