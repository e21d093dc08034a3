import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/**
 * What the way to the app's process and back costs by itself: the same function is called through the app host, without HTTP and bindings
 * around it, by 1, 8 and 64 callers in turn. Run it on one core: taskset -c 0 node bench/hop.mjs
 */
const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    calls: { type: "string", default: "20000" },
    warm: { type: "string", default: "20000" },
    // Two builds can be measured in turns.
    dist: { type: "string", default: fileURLToPath(new URL("../packages/functions/dist", import.meta.url)) },
  },
});
const { createAppHost } = await import(`${options.dist}/app/node-app-host.js`);
const root = fileURLToPath(new URL("apps/v4", import.meta.url));
const host = createAppHost({ root, environment: { PATH: process.env.PATH } });
const { functions } = await host.start();
const [trigger] = functions.find(({ name }) => name === "plain").bindings;
const pid = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim();
const http = {
  method: "POST",
  url: "http://localhost:7071/api/v1/hubs/bench/groups/nobody",
  nullableHeaders: { host: { value: "localhost:7071" }, "content-type": { value: "application/json" } },
  nullableQuery: {},
  nullableParams: { hub: { value: "bench" }, group: { value: "nobody" } },
  identities: [],
  body: { bytes: Buffer.from('{"target":"m","arguments":["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]}') },
};
let count = 0;

await load(8, Number(options.warm));
const figures = new Map([1, 8, 64].map((callers) => [callers, []]));
for (let run = 0; run < Number(options.runs); run += 1)
  for (const [callers, runs] of figures) runs.push(await load(callers, Number(options.calls)));
await host.stop();
process.stdout.write("| callers | host: CPU µs a call | app: CPU µs a call | calls/s |\n| --- | --- | --- | --- |\n");
for (const [callers, runs] of figures)
  process.stdout.write(
    `| ${callers} | ${["host", "app", "rate"].map((name) => spread(runs.map((run) => run[name]))).join(" | ")} |\n`,
  );

async function load(callers, calls) {
  const own = process.cpuUsage();
  const app = appSeconds();
  const started = performance.now();
  let left = calls;
  const caller = async () => {
    while (left-- > 0) {
      count += 1;
      const invocationId = `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`;
      const { error } = await host.invoke({
        invocationId,
        functionName: "plain",
        inputs: { [trigger.name]: { http } },
        triggerMetadata: {},
      });
      if (error !== undefined) throw new Error(error.message);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(own);
  const seconds = (performance.now() - started) / 1000;
  return { host: (user + system) / calls, app: ((appSeconds() - app) * 1e6) / calls, rate: calls / seconds };
}

function appSeconds() {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)]
    .map((value) => Math.round(value).toLocaleString("en"))
    .join(" / ");
}
