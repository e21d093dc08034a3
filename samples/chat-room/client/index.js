const { readFile } = require("node:fs/promises");
const { join } = require("node:path");

const page = (name) => join(__dirname, "static", name);

/** Everything the page consists of; nothing else of the app can be read. */
const files = {
  "index.html": [page("index.html"), "text/html; charset=utf-8"],
  "style.css": [page("style.css"), "text/css; charset=utf-8"],
  "chat.js": [page("chat.js"), "text/javascript; charset=utf-8"],
  "vue.js": [require.resolve("vue/dist/vue.global.prod.js"), "text/javascript; charset=utf-8"],
};

/** The web page. */
module.exports = async (context, req) => {
  const [path, contentType] = Object.hasOwn(files, req.params.file) ? files[req.params.file] : [];
  context.res =
    path === undefined
      ? { status: 404, body: "No such file." }
      : { headers: { "Content-Type": contentType, "Cache-Control": "no-cache" }, body: await readFile(path), isRaw: true };
};
