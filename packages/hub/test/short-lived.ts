// A server that starts, closes, and prints how many tenths of a second its process ran until it ended: short-lived.ts <connection string>
import { Hub, HubServer } from "@signalbox/hub";

class Chat extends Hub {}

const server = new HubServer({ service: { endpoints: process.argv[2]!, connections: 1 } }).map("/chat", Chat);
await server.start();
await server.close();
// Counted, not measured: a machine that stands still is not a process that goes on.
let ticks = 0;
setInterval(() => ticks++, 100).unref();
process.on("exit", () => console.log(ticks));
