// The functions with everything they need, and the page on an origin of its own: that which Host.CORS of local.settings.json allows. Arguments
// are those of `signalbox dev`.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { serveWeb } from "./web-server.js";

const { Host } = JSON.parse(readFileSync(new URL("local.settings.json", import.meta.url), "utf8"));

/** Where the functions are, once they say so. @type {string | undefined} */
let api;

const web = await serveWeb(Number(new URL(Host.CORS).port), () => api).catch((error) => {
  console.error(`The page cannot be served: ${error.message}. Host.CORS of local.settings.json names its port.`);
  process.exit(1);
});

// Their standard input ends with this process, and they with it, even when it is killed.
const functions = spawn("signalbox", ["dev", import.meta.dirname, "--until-stdin-ends", ...process.argv.slice(2)], {
  stdio: ["pipe", "pipe", "inherit"],
  detached: true,
});
createInterface(functions.stdout).on("line", (line) => {
  api = /^The app is at (\S+)\/$/.exec(line)?.[1] ?? api;
  // What there is to open is not the functions, and the last address is the one that people open.
  if (line.startsWith("The app is at")) console.log(`${line.replace("app is", "functions are")}\nThe page is at ${Host.CORS}/`);
  else console.log(line);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => functions.kill(signal));
functions.on("close", (code) => {
  web.closeAllConnections();
  web.close();
  process.exitCode = code ?? 1;
});
