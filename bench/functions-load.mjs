import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { parseArgs } from "node:util";

/**
 * Load for functions, in the shape of the load kit's generator, which cannot have its clients at one port and its requests at another:
 * keep-alive connections post sends, one at a time each, and clients of the service receive them. One line of JSON comes out.
 *
 *   node functions-load.mjs plain|send --origin http://127.0.0.1:7071 [--service CONNECTION_STRING] --server-pid host=12 --server-pid app=13
 */
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    origin: { type: "string" },
    service: { type: "string" },
    hub: { type: "string", default: "bench" },
    connections: { type: "string", default: "100" },
    "http-connections": { type: "string", default: "8" },
    warm: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    "server-pid": { type: "string", multiple: true, default: [] },
  },
});
const [scenario] = positionals;
const origin = new URL(options.origin);
const service = options.service === undefined ? undefined : readConnectionString(options.service);
const count = { sent: 0, received: 0, httpBad: 0, failed: 0, closedByServer: 0, protocolErrors: 0 };
const ticksPerSecond = 100;
const tokens = new Map();
let isMeasuring = false;

const clients = scenario === "send" ? await openClients(Number(options.connections)) : [];
const senders = Array.from({ length: Number(options["http-connections"]) }, (_, index) => openSender(index));
await seconds(options.warm);
const before = cpuSeconds();
const own = process.cpuUsage();
const started = performance.now();
isMeasuring = true;
await seconds(options.seconds);
isMeasuring = false;
const took = (performance.now() - started) / 1000;
const ownUsed = process.cpuUsage(own);
const used = Object.fromEntries(Object.entries(cpuSeconds()).map(([name, value]) => [name, value - before[name]]));
const all = Object.values(used).reduce((sum, value) => sum + value, 0);
for (const socket of [...senders, ...clients]) (socket.destroy ?? socket.close).call(socket);
process.stdout.write(
  `${JSON.stringify({
    scenario,
    sentPerSecond: count.sent / took,
    receivedPerSecond: count.received / took,
    serverCpuShare: all / took,
    serverCpuUsPerSent: (all * 1e6) / count.sent,
    cpuUsPerSent: Object.fromEntries(Object.entries(used).map(([name, value]) => [name, (value * 1e6) / count.sent])),
    ownCpuShare: (ownUsed.user + ownUsed.system) / 1e6 / took,
    ...count,
  })}\n`,
);
process.exit(0);

/** One connection that posts again as soon as it has its answer. Answers have no body, or one with its length. */
function openSender(index) {
  const socket = connect(Number(origin.port), origin.hostname).setNoDelay(true);
  let next = index;
  let answer = "";
  const post = () => {
    next += senders.length;
    const path =
      scenario === "send"
        ? `/api/v1/hubs/${options.hub}/users/user${next % clients.length}`
        : `/api/v1/hubs/${options.hub}/groups/nobody`;
    const body = `{"target":"m","arguments":["${"x".repeat(32)}"]}`;
    const token =
      service === undefined ? "" : `Authorization: Bearer ${tokenFor(`http://127.0.0.1:${service.port}${path}`)}\r\n`;
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: ${origin.host}\r\nContent-Type: application/json\r\n${token}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  };
  socket.setEncoding("latin1");
  socket.on("connect", post);
  socket.on("error", () => (count.failed += 1));
  socket.on("data", (chunk) => {
    answer += chunk;
    const head = answer.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/^content-length: *(\d+)/im.exec(answer.slice(0, head))?.[1] ?? 0);
    if (answer.length < head + 4 + length) return;
    if (isMeasuring) {
      count.sent += 1;
      if (answer[9] !== "2") count.httpBad += 1;
    }
    answer = "";
    post();
  });
  return socket;
}

async function openClients(many) {
  const path = `/client/?hub=${options.hub}`;
  return Promise.all(
    Array.from({ length: many }, (_, index) => {
      const token = tokenFor(`http://127.0.0.1:${service.port}${path}`, `user${index}`);
      const socket = new WebSocket(`ws://127.0.0.1:${service.port}${path}&access_token=${token}`);
      socket.addEventListener("close", () => (count.closedByServer += isMeasuring ? 1 : 0));
      return new Promise((resolve, reject) => {
        socket.addEventListener("error", () => reject(new Error("A client could not connect.")));
        socket.addEventListener("open", () => socket.send('{"protocol":"json","version":1}\u001e'));
        socket.addEventListener("message", ({ data }) => {
          resolve(socket);
          if (isMeasuring) for (const record of data.split("\u001e")) if (record.includes('"type":1')) count.received += 1;
        });
      });
    }),
  );
}

function tokenFor(audience, user) {
  const known = tokens.get(audience + user);
  if (known !== undefined) return known;
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { aud: audience, exp: Math.floor(Date.now() / 1000) + 3600, ...(user === undefined ? {} : { nameid: user }) };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  const token = `${signed}.${createHmac("sha256", service.key).update(signed).digest("base64url")}`;
  tokens.set(audience + user, token);
  return token;
}

function readConnectionString(text) {
  const part = (name) => new RegExp(`(?:^|;)${name}=([^;]*)`, "i").exec(text)?.[1];
  return { key: part("AccessKey"), port: part("Port") };
}

/** CPU of each server's process so far, by its name. Seconds. */
function cpuSeconds() {
  return Object.fromEntries(
    options["server-pid"].map((text) => {
      const [name, pid] = text.split("=");
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return [name, (Number(fields[11]) + Number(fields[12])) / ticksPerSecond];
    }),
  );
}

function seconds(text) {
  return new Promise((resolve) => setTimeout(resolve, Number(text) * 1000));
}
