import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { combinations, connect } from "../../test/test-client.ts";
import { Hub, HubServer } from "../index.ts";
import type { RequestHandler } from "./request-handler.ts";

class Echo extends Hub {
  echo(text: string) {
    return text;
  }
}

/** Somebody else's server with the hub in it and a page beside. @returns the HTTP server, listening */
const hosts: Record<string, (hubs: RequestHandler) => Promise<Server>> = {
  "node:http": async (hubs) => {
    const server = createServer((request, response) => hubs(request, response, () => response.end("the page")));
    return listening(server, hubs);
  },

  Express: async (hubs) => {
    const app = express();
    app.use(express.json());
    app.use(hubs);
    app.get("/page", (_, response) => void response.send("the page"));
    return listening(createServer(app), hubs);
  },

  Fastify: async (hubs) => {
    const app = fastify({ forceCloseConnections: true });
    app.addHook("onRequest", (request, reply, done) => hubs(request.raw, reply.raw, done));
    app.get("/page", async () => "the page");
    app.server.on("upgrade", (request, socket, head) => hubs.upgrade(request, socket, head) || socket.destroy());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server;
  },

  Hono: async (hubs) => {
    const app = new Hono();
    app.use(async (context, next) => (await hubs.fetch(context.req.raw)) ?? next());
    app.get("/page", (context) => context.text("the page"));
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
    server.on("upgrade", (request, socket, head) => hubs.upgrade(request, socket, head) || socket.destroy());
    if (!server.listening) await once(server, "listening");
    return server;
  },
};

async function listening(server: Server, hubs: RequestHandler): Promise<Server> {
  server.on("upgrade", (request, socket, head) => hubs.upgrade(request, socket, head) || socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe.each(Object.keys(hosts))("hubs within %s", (name) => {
  const hubServer = new HubServer({ corsOrigins: ["https://app.example"] }).map("/hubs/echo", Echo);
  let server: Server | undefined;
  const start = async () => {
    server ??= await hosts[name]!(hubServer.handler());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  it.each(combinations)("serve clients over $transport with $protocol", async ({ transport, protocol }) => {
    const client = await connect({ url: `${await start()}/hubs/echo`, transportName: transport, protocol });
    expect(await client.invoke("echo", "hello")).toBe("hello");
    await client.stop();
  });

  it("leave other requests to their host", async () => {
    const url = await start();
    expect(await (await fetch(`${url}/page`)).text()).toBe("the page");
  });

  it("leave other upgrades alone", async () => {
    const url = await start();
    const socket = new WebSocket(`${url.replace("http", "ws")}/elsewhere`);
    const failed = new Promise((resolve) => socket.addEventListener("error", resolve));
    await failed;
  });

  it("answer pages of other origins, and refuse WebSockets of those that may not", async () => {
    const url = `${await start()}/hubs/echo`;
    const negotiate = (origin: string) => fetch(`${url}/negotiate`, { method: "POST", headers: { origin } });
    expect((await negotiate("https://app.example")).headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect((await negotiate("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
    await expect(
      connect({ url, transportName: "WebSockets", skipNegotiation: true, headers: { origin: "https://evil.example" } }),
    ).rejects.toThrow();
  });
});

describe("a handler mounted in Express", () => {
  it("serves hubs below its path", async () => {
    const hubs = new HubServer().map("/api/echo", Echo).handler();
    const app = express();
    app.use("/api", hubs);
    const server = await listening(createServer(app), hubs);
    const client = await connect({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/echo` });
    expect(await client.invoke("echo", "hello")).toBe("hello");
    await client.stop();
    server.closeAllConnections();
    server.close();
  });
});
