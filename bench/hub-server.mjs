// The hub of the load kit on @signalbox/hub: node hub-server.mjs PORT [CONNECTION-STRING of the service that it stands behind]
import { Hub, HubServer } from "../packages/hub/dist/index.js";

class LoadHub extends Hub {
  Echo(text) {
    return this.clients.caller.echo(text);
  }

  Broadcast(text) {
    return this.clients.all.m(text);
  }
}

const [, , port, service] = process.argv;
await new HubServer({ service }).map("/hub", LoadHub).listen({ port: Number(port), host: "127.0.0.1" });
process.once("SIGTERM", () => process.exit());
