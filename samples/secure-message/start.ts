// npm start: the whole sample. Two instances of the app behind a service, or with --self-hosted one instance alone.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    "self-hosted": { type: "boolean", default: false },
    /** Of the first instance; the second one has the next. 0: free ones. */
    port: { type: "string", default: "5080" },
    /** Connection string of a service that runs already. */
    service: { type: "string", default: process.env.SIGNALBOX_CONNECTION_STRING ?? "" },
    /** Of a transaction, in seconds. */
    lifetime: { type: "string", default: "900" },
    database: { type: "string", default: join(import.meta.dirname, ".signalbox", "transactions.db") },
  },
});
const apiKey = process.env.SECURE_MESSAGE_API_KEY || randomBytes(24).toString("base64url");

/** Those that run, in the order of their start. */
const children: ChildProcess[] = [];
let stopping = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop(0));

mkdirSync(join(options.database, ".."), { recursive: true });
const service = options["self-hosted"] ? undefined : options.service || (await startService());
const port = Number(options.port);
const instances = [await startInstance(port)];
if (!options["self-hosted"]) instances.push(await startInstance(port && port + 1));
console.log(`
The page is at ${instances.map((url) => `${url}/`).join(" and ")}

To send to a browser, with the id that its page shows:
  curl ${instances.at(-1)}/test -H "Authorization: Bearer ${apiKey}" -d '{"transactionId":"…","message":"Hello"}'
`);

/** @returns its connection string */
async function startService(): Promise<string> {
  const key = randomBytes(32).toString("base64url");
  const environment = { SIGNALBOX_ACCESS_KEYS_PRIMARY: key, SIGNALBOX_LOG_LEVEL: "warn" };
  const [banner] = await start("signalbox", ["start", "--port", "0", "--until-stdin-ends"], environment, /Endpoint=\S+/);
  // Where nobody looks on, the banner hides the key.
  return banner.replace("***", key);
}

/** @returns its address */
async function startInstance(port: number): Promise<string> {
  const places = ["--port", String(port), "--database", options.database];
  const args = ["src/main.ts", ...places, "--lifetime", options.lifetime, "--until-stdin-ends"];
  const environment = { SECURE_MESSAGE_API_KEY: apiKey, SIGNALBOX_CONNECTION_STRING: service ?? "" };
  const [, address] = await start(process.execPath, args, environment, /Listening on (\S+)/);
  return address!;
}

/** Starts a program and waits until it has printed what is expected. When it ends by itself, everything ends. */
function start(command: string, args: readonly string[], environment: Record<string, string>, expected: RegExp) {
  // Whoever stops while this starts wants nothing more started.
  if (stopping) return new Promise<never>(() => {});
  const env = { ...process.env, ...environment };
  // A process group of its own: Ctrl-C is for this process, which ends the others in their order. Their standard input ends with this process,
  // and they with it, even when it is killed.
  const child = spawn(command, args, { cwd: import.meta.dirname, env, stdio: ["pipe", "pipe", "inherit"], detached: true });
  children.push(child);
  child.on("error", (error) => console.error(error.message));
  child.once("close", (code) => void stop(code ?? 1));
  return new Promise<RegExpExecArray>((resolve) => {
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const match = expected.exec(printed);
      if (match !== null) resolve(match);
    });
  });
}

/** The first one, which the others may need, ends after them. */
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  const [first, ...others] = children;
  await Promise.all(others.map(end));
  if (first !== undefined) await end(first);
  process.exit(code);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill("SIGTERM");
  await once(child, "close");
}
