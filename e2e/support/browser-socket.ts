import type { Page } from "playwright-core";
import type { OpenRawSocket } from "./raw-socket.suite.ts";

/** One socket as the page keeps it. */
interface PageSocket {
  readonly socket: WebSocket;
  readonly messages: string[];
  end: { readonly code: number; readonly text: string } | undefined;
}

declare global {
  var rawSockets: Map<string, PageSocket> | undefined;
}

/** Opens the browser's own WebSockets. */
export function browserSockets(page: Page): OpenRawSocket {
  return async (url, protocols) => {
    const key = crypto.randomUUID();
    const protocol = await page.evaluate(open, { key, url, protocols: [...protocols] });
    return {
      protocol,
      messages: () => page.evaluate((id) => globalThis.rawSockets!.get(id)!.messages, key),
      send: (data) =>
        page.evaluate(
          ([id, content]) =>
            globalThis.rawSockets!.get(id)!.socket.send(typeof content === "string" ? content : Uint8Array.from(content)),
          [key, data] as const,
        ),
      close: () => page.evaluate((id) => globalThis.rawSockets!.get(id)!.socket.close(1000), key),
      closed: () => page.evaluate((id) => globalThis.rawSockets!.get(id)!.end, key),
    };
  };
}

/** Runs in the page. */
function open({ key, url, protocols }: { key: string; url: string; protocols: string[] }): Promise<string> {
  globalThis.rawSockets ??= new Map();
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  const kept: PageSocket = { socket, messages: [], end: undefined };
  globalThis.rawSockets.set(key, kept);
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const hex = (bytes: ArrayBuffer) =>
      Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
    kept.messages.push(typeof data === "string" ? data : `0x${hex(data)}`);
  };
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket.protocol);
    socket.onclose = ({ code, reason }) => {
      kept.end = { code, text: reason };
      reject(new Error(`closed with ${code}`));
    };
  });
}
