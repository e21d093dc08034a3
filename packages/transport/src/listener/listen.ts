import type { Listener, ListenerOptions } from "./listener.ts";

/**
 * Starts a listener on whichever runtime runs this code. Node never loads the code for Bun, nor Bun that for Node.
 * @throws {ListenError} when the address cannot be bound or the certificate cannot be used
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  if (process.versions.bun !== undefined) return (await import("./bun.ts")).listenOnBun(options);
  return (await import("./node.ts")).listenOnNode(options);
}
