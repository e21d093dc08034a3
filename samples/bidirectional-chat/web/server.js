import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const own = (name, type) => ({ type: `${type}; charset=utf-8`, file: new URL(name, import.meta.url) });
const page = own("index.html", "text/html");

const contents = new Map([
  ["/", page],
  ["/index.html", page],
  ["/chat.js", own("chat.js", "text/javascript")],
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
 * @param port 0 picks a free one
 * @param api () => where the functions are; the page reads it from config.js
 * @returns the server, listening on this machine alone
 */
export function serveWeb(port, api) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://web").pathname;
    const content = contents.get(path);
    response.setHeader("Cache-Control", "no-cache");
    if (path === "/config.js")
      response.setHeader("Content-Type", "text/javascript").end(`export const api = ${JSON.stringify(api())};\n`);
    else if (content !== undefined) response.setHeader("Content-Type", content.type).end(await readFile(content.file));
    else response.writeHead(404).end("There is no such page.");
  });
  return new Promise((resolve, reject) => server.once("error", reject).listen(port, "localhost", () => resolve(server)));
}
