import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between clients and the service so that a test can break their connections. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection that is open now. New ones wait until `release`. */
  cut(): void;
  /** Lets the connections through that came since `cut`, and later ones. */
  release(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let waiting: Socket[] | undefined;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // A broken connection is what this proxy is for; both ends see the other's close.
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  };
  const join = (near: Socket) => {
    const far = connect(targetPort, "localhost");
    keep(far);
    near.pipe(far).pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (waiting === undefined) join(near);
    else waiting.push(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    waiting = [];
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    release: () => {
      for (const near of waiting ?? []) join(near);
      waiting = undefined;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
