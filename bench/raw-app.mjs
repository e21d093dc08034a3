// The app behind raw WebSockets: `node raw-app.mjs PORT SERVER_ORIGIN ACCESS_KEY MODE`. It lets everybody in. In mode `echo` it answers a
// message with itself, in mode `broadcast` it sends it to all by REST, as the chat room does, and answers nothing.
import { createHmac } from "node:crypto";
import { Agent, createServer, request } from "node:http";

const [port, origin, key, mode] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const url = `${origin}/ws/api/v1/hubs/bench`;
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ aud: url, exp: Math.floor(Date.now() / 1000) + 3600 })}`;
const token = `${unsigned}.${createHmac("sha256", key).update(unsigned).digest("base64url")}`;

createServer((incoming, response) => {
  const chunks = [];
  incoming.on("data", (chunk) => chunks.push(chunk));
  incoming.on("end", () => {
    const body = Buffer.concat(chunks);
    if (!incoming.url.endsWith("/message")) response.writeHead(200, { "Content-Length": 0 }).end();
    else if (mode === "echo") response.writeHead(200, { "Content-Length": body.length }).end(body);
    else broadcast(body, () => response.writeHead(200, { "Content-Length": 0 }).end());
  });
}).listen(Number(port), "127.0.0.1");

function broadcast(body, done) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "text/plain", "Content-Length": body.length };
  request(url, { method: "POST", agent, headers }, (answer) => answer.resume().on("end", done)).end(body);
}
