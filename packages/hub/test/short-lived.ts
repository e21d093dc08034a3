// A server that starts, closes, and prints how many milliseconds later its process ends: short-lived.ts <connection string>
import { Hub, HubServer } from "@signalbox/hub";

class Chat extends Hub {}

const server = new HubServer({ service: { endpoints: process.argv[2]!, connections: 1 } }).map("/chat", Chat);
await server.start();
await server.close();
const closedAt = performance.now();
process.on("exit", () => console.log(performance.now() - closedAt));
