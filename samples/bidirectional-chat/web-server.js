import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

/**
 * @param {string} name
 * @param {string} type
 */
const own = (name, type) => ({ type: `${type}; charset=utf-8`, file: fileURLToPath(new URL(`web/${name}`, import.meta.url)) });
const page = own("index.html", "text/html");

const contents = new Map([
  ["/", page],
  ["/index.html", page],
  ["/chat.js", own("chat.js", "text/javascript")],
  ["/config.js", own("config.js", "text/javascript")],
  ["/style.css", own("style.css", "text/css")],
  ["/icon.svg", own("icon.svg", "image/svg+xml")],
  [
    "/signalr.js",
    {
      type: "text/javascript; charset=utf-8",
      file: fileURLToPath(import.meta.resolve("@microsoft/signalr/dist/browser/signalr.min.js")),
    },
  ],
]);

/**
 * Serves the page as a static web site does: on another origin than the functions.
 * @param {number} port 0 picks a free one
 * @param {() => string | undefined} [api] where the functions are, instead of what config.js says
 * @returns {Promise<import("node:http").Server>} listening on this machine alone
 */
export function serveWeb(port, api) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://web").pathname;
    const content = contents.get(path);
    response.setHeader("Cache-Control", "no-cache");
    const address = path === "/config.js" ? api?.() : undefined;
    if (address !== undefined)
      response.setHeader("Content-Type", "text/javascript").end(`export const api = ${JSON.stringify(address)};\n`);
    else if (content !== undefined) response.setHeader("Content-Type", content.type).end(await readFile(content.file));
    else response.writeHead(404).end("There is no such page.");
  });
  return new Promise((resolve, reject) => server.once("error", reject).listen(port, "localhost", () => resolve(server)));
}
