// The limit for raw WebSockets on Node: `ws`, which posts each message to the app, answers its sender, and sends to all what the app posts.
// No tokens, no order, no limits: `node raw-bare.mjs PORT APP_ORIGIN`.
import { Agent, createServer, request } from "node:http";
import { WebSocketServer } from "ws";

const [port, app] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 100 });
const clients = new Set();

function read(stream, done) {
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk)).on("end", () => done(Buffer.concat(chunks)));
}

const server = createServer((incoming, response) =>
  read(incoming, (body) => {
    response.writeHead(202, { "Content-Length": 0 }).end();
    for (const client of clients) client.send(body, { binary: false });
  }),
).listen(Number(port), "127.0.0.1");

new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (client) => {
  clients.add(client);
  client.on("close", () => clients.delete(client));
  client.on("message", (data) => {
    const headers = { "Content-Type": "text/plain", "Content-Length": data.length };
    request(`${app}/message`, { method: "POST", agent, headers }, (answer) =>
      read(answer, (body) => body.length > 0 && client.send(body, { binary: false })),
    ).end(data);
  });
});
