const fs = require("fs").promises;

// Both a promise and `done`, and a page read relative to the app's folder: old samples do this.
module.exports = async (context, req) => {
  context.res = { headers: { "Content-Type": "text/html" }, body: await fs.readFile("content/index.html") };
  context.done();
};
