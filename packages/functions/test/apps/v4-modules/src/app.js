import { readFile } from "node:fs/promises";
import { app } from "@azure/functions";

// Top-level await: such a module can be imported only.
const settings = JSON.parse(await readFile(new URL("../settings.json", import.meta.url), "utf8"));

app.get("greet", (request, context) => {
  console.log("greeting");
  context.debug("in %s", settings.language);
  return { body: `${settings.greeting} ${request.query.get("name") ?? "world"}` };
});
