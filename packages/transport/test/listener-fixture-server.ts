// Runs the fixture in a process of its own: `bun listener-fixture-server.ts '{"port":0}'`. Prints one line of JSON, the addresses or the
// error, and ends with its standard input.

import { listen } from "../src/listener/listen.ts";
import { ListenError } from "../src/listener/listen-error.ts";
import type { ListenerOptions } from "../src/listener/listener.ts";
import { ListenerFixture, MAX_HEADER_BYTES, MAX_MESSAGE_BYTES } from "./listener-fixture.ts";

const fixture = new ListenerFixture();
const options = JSON.parse(process.argv[2] ?? "{}") as { port?: number; host?: string; tls?: ListenerOptions["tls"] };
try {
  const listener = await listen({
    port: 0,
    ...options,
    maxHeaderBytes: MAX_HEADER_BYTES,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    handler: fixture,
  });
  fixture.listener = listener;
  console.log(JSON.stringify({ port: listener.port, hosts: listener.hosts }));
  process.stdin.on("end", () => listener.close().then(() => process.exit(0)));
  process.stdin.resume();
} catch (error) {
  if (!(error instanceof ListenError)) throw error;
  console.log(JSON.stringify({ error: { code: error.code, message: error.message } }));
}
