import type { Listener, ListenerOptions } from "./listener.ts";
import type { NodeHandler, NodeHandlerOptions } from "./node-handler.ts";

/**
 * Starts a listener on whichever runtime runs this code. Node never loads the code for Bun, nor Bun that for Node.
 * @throws {ListenError} when the address cannot be bound or the certificate cannot be used
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  if (process.versions.bun !== undefined) return (await import("./bun.ts")).listenOnBun(options);
  return (await import("./node.ts")).listenOnNode(options);
}

/** For a `node:http` server that somebody else listens with: give it the requests and upgrades that are for the handler. */
export async function nodeHandler(options: NodeHandlerOptions): Promise<NodeHandler> {
  return new (await import("./node-door.ts")).NodeDoor(options);
}
