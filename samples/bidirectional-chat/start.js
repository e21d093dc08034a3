// The functions with everything they need, and the page on an origin of its own: that which Host.CORS of local.settings.json allows.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { serveWeb } from "./web-server.js";

const { Host } = JSON.parse(readFileSync(new URL("local.settings.json", import.meta.url), "utf8"));

const web = await serveWeb(Number(new URL(Host.CORS).port));
console.log(`The page is at ${Host.CORS}/\n`);

const functions = spawn("signalbox", ["dev", import.meta.dirname], { stdio: "inherit", detached: true });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => functions.kill(signal));
functions.on("exit", (code) => {
  web.closeAllConnections();
  web.close();
  process.exitCode = code ?? 1;
});
