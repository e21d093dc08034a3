// The hub of the load kit on @signalbox/hub: node hub-server.mjs PORT
import { Hub, HubServer } from "../packages/hub/dist/index.js";

class LoadHub extends Hub {
  Echo(text) {
    return this.clients.caller.echo(text);
  }

  Broadcast(text) {
    return this.clients.all.m(text);
  }
}

await new HubServer().map("/hub", LoadHub).listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
process.once("SIGTERM", () => process.exit());
