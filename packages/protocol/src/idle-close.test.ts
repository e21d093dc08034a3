import { once } from "node:events";
import { Agent, type ClientRequest, request } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { watchIdleClose } from "./idle-close.ts";

afterEach(() => void vi.useRealTimers());

/** A server whose every socket answers one request and treats the next one by `then`. */
async function startServer(then: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    let requests = 0;
    socket.on("error", () => {});
    socket.on("data", () => {
      requests += 1;
      if (requests === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      else then(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Calls once, so that a socket is kept, and then again. @returns whether the second call's end was an idle close */
async function secondCall(port: number, meddle?: (call: ClientRequest) => void): Promise<boolean> {
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const call = () => request({ host: "127.0.0.1", port, method: "POST", agent });
  const first = call().end();
  const [response] = await once(first, "response");
  response.resume();
  await once(response, "close");
  const second = call();
  const isIdleClose = watchIdleClose(second);
  second.end();
  meddle?.(second);
  const [error] = await once(second, "error");
  return isIdleClose(error);
}

it.each([
  ["is closed", (socket: Socket) => socket.destroy()],
  ["is reset", (socket: Socket) => socket.resetAndDestroy()],
])("a kept socket that %s before the first byte of an answer is an idle close", async (_, end) => {
  // A machine that stands still for a while must not turn it into something else.
  vi.useFakeTimers({ toFake: ["performance"] });
  expect(await secondCall(await startServer(end))).toBe(true);
});

it("one byte of an answer makes it none", async () => {
  const port = await startServer((socket) => void socket.write("H", () => setTimeout(() => socket.destroy(), 50)));
  expect(await secondCall(port)).toBe(false);
});

it("whoever breaks off after working for a while had the request", async () => {
  expect(await secondCall(await startServer((socket) => void setTimeout(() => socket.destroy(), 2_100)))).toBe(false);
});

it("our own end is none", async () => {
  const port = await startServer(() => {});
  const given = await secondCall(port, (call) => void call.once("finish", () => call.destroy(new Error("time-out"))));
  expect(given).toBe(false);
});

it("a new socket that is closed is none", async () => {
  const server = createServer((socket) => void socket.on("data", () => socket.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const agent = new Agent({ keepAlive: true });
  const call = request({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, method: "POST", agent });
  const isIdleClose = watchIdleClose(call);
  call.end();
  const [error] = await once(call, "error");
  expect(isIdleClose(error)).toBe(false);
});
