import { once } from "node:events";
import { describe } from "vitest";
import { WebSocket } from "ws";
import { describeRawSockets, type OpenRawSocket } from "./support/raw-socket.suite.ts";
import { runtimes } from "./support/service.ts";

const open: OpenRawSocket = async (url, protocols) => {
  const socket = new WebSocket(url, [...protocols]);
  const messages: string[] = [];
  let end: { readonly code: number; readonly text: string } | undefined;
  socket.on("message", (data: Buffer, isBinary) => messages.push(isBinary ? `0x${data.toString("hex")}` : data.toString()));
  socket.on("close", (code, text) => {
    end = { code, text: text.toString() };
  });
  await once(socket, "open");
  return {
    protocol: socket.protocol,
    messages: async () => messages,
    send: async (data) => socket.send(typeof data === "string" ? data : Buffer.from(data)),
    close: async () => socket.close(1000),
    closed: async () => end,
  };
};

describe.each(runtimes)("plain ws with Signalbox on %s", (runtime) => {
  describeRawSockets(runtime, open);
});
