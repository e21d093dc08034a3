import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { combinations, connect } from "../../test/test-client.ts";
import { Hub, HubServer } from "../index.ts";

class Https extends Hub {
  echo(text: string) {
    return text;
  }

  cookies() {
    return this.context.features.headers.get("cookie");
  }
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let tls: { readonly key: string; readonly cert: string };
// The client on Node cannot be given a certificate to trust, and checks it anew for each connection.
const { NODE_TLS_REJECT_UNAUTHORIZED } = process.env;
beforeAll(async () => {
  const pems = await generate([{ name: "commonName", value: "localhost" }]);
  tls = { key: pems.private, cert: pems.cert };
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
});
afterAll(() => {
  if (NODE_TLS_REJECT_UNAUTHORIZED === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  else process.env.NODE_TLS_REJECT_UNAUTHORIZED = NODE_TLS_REJECT_UNAUTHORIZED;
});

/** @returns its port on 127.0.0.1 */
async function startOwn(): Promise<number> {
  const listening = await new HubServer().map("/hub", Https).listen({ port: 0, host: "127.0.0.1", tls });
  closers.push(() => listening.close());
  return listening.port;
}

/** An app that sets cookies on every answer, with the hub in it. @returns its port on 127.0.0.1 */
async function startWithCookies(): Promise<number> {
  const hubServer = new HubServer().map("/hub", Https);
  const hubs = hubServer.handler();
  const server = createServer(tls, (request, response) => {
    response.setHeader("set-cookie", [
      "session=s1; Secure; HttpOnly; SameSite=None",
      "theme=dark",
      "old=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ]);
    hubs(request, response);
  });
  server.on("upgrade", (request, socket, head) => hubs.upgrade(request, socket, head));
  await once(server.listen(0, "127.0.0.1"), "listening");
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
    () => hubServer.close(),
  );
  return (server.address() as AddressInfo).port;
}

describe.each(combinations)("over https, $transport with $protocol", ({ transport, protocol }) => {
  const client = async (port: number) => {
    const connection = await connect({ url: `https://127.0.0.1:${port}/hub`, transportName: transport, protocol });
    closers.push(() => connection.stop());
    return connection;
  };

  it("a client is served", async () => {
    expect(await (await client(await startOwn())).invoke("echo", "grüße 你好 🎈")).toBe("grüße 你好 🎈");
  });

  it("a client comes with the cookies that its negotiation got, without those that have expired", async () => {
    const cookies: string = await (await client(await startWithCookies())).invoke("cookies");
    // Over WebSockets and server-sent events this client repeats the cookies' attributes.
    expect(cookies.split("; ")).toEqual(expect.arrayContaining(["session=s1", "theme=dark"]));
    expect(cookies).not.toContain("gone");
  });
});
