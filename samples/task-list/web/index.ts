import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AzureFunction, Context, HttpRequest } from "@azure/functions";

interface Content {
  readonly type: string;
  path(appFolder: string): string;
}

const own = (name: string, type: string): Content => ({ type, path: (appFolder) => join(appFolder, "content", name) });

const page = own("index.html", "text/html; charset=utf-8");

const contents: ReadonlyMap<string, Content> = new Map([
  ["", page],
  ["index.html", page],
  ["app.js", own("app.js", "text/javascript; charset=utf-8")],
  ["style.css", own("style.css", "text/css; charset=utf-8")],
  ["icon.svg", own("icon.svg", "image/svg+xml")],
  [
    "signalr.js",
    { type: "text/javascript; charset=utf-8", path: () => require.resolve("@microsoft/signalr/dist/browser/signalr.min.js") },
  ],
]);

/** The front end. The SignalR client comes out of its package, so that the page needs nobody else's server. */
const web: AzureFunction = async (context: Context, req: HttpRequest) => {
  const content = contents.get(req.params.file ?? "");
  context.res =
    content === undefined
      ? { status: 404, body: "There is no such page." }
      : {
          headers: { "Content-Type": content.type, "Cache-Control": "no-cache" },
          body: await readFile(content.path(join(context.executionContext.functionDirectory, ".."))),
        };
};

export default web;
