import type {
  BodyReader,
  HotReply,
  HotRequest,
  Listener,
  ListenerHandler,
  Socket,
  SocketHandler,
  UpgradeRequest,
  UpgradeVerdict,
} from "../src/listener/listener.ts";

/** Limits of every fixture. */
export const MAX_HEADER_BYTES = 16_384;
export const MAX_MESSAGE_BYTES = 1024 * 1024;
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * What the conformance suite talks to, the same on every runtime: a handler that is steered by paths and messages, and a log of what
 * the listener told it, served at `/log`.
 */
export class ListenerFixture implements ListenerHandler {
  listener: Listener | undefined;
  readonly #log: string[] = [];
  readonly #sockets = new Set<Socket>();
  #release: () => void = () => undefined;
  #gate = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  hot(request: HotRequest): HotReply | BodyReader | undefined {
    switch (request.target.split("?")[0]) {
      case "/hot/describe":
        return this.#describe(request);
      case "/hot/accepted":
        return { status: 202 };
      case "/hot/throw":
        throw new Error("hot threw");
      case "/hot/throw-later":
        return {
          limit: MAX_BODY_BYTES,
          answer: () => {
            throw new Error("answer threw");
          },
          tooLarge: () => ({ status: 413 }),
        };
      default:
        return undefined;
    }
  }

  async fetch(request: Request, peer: { address: string; secure: boolean }): Promise<Response> {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/log":
        return Response.json(this.#log);
      case "/describe":
        return Response.json({
          method: request.method,
          path: url.pathname + url.search,
          header: request.headers.get("x-test"),
          body: await request.text(),
          address: peer.address,
          secure: peer.secure,
        });
      case "/ignore-body":
        return new Response("ignored");
      case "/throw":
        throw new Error("fetch threw");
      case "/stream":
        return new Response(this.#endlessStream(), { headers: { "content-type": "text/event-stream" } });
      case "/hang":
        request.signal.addEventListener("abort", () => this.#log.push("request aborted"));
        this.#log.push("request hangs");
        return new Promise(() => undefined);
      case "/release":
        this.#release();
        return new Response(null, { status: 204 });
      case "/broadcast": {
        const parts = [Buffer.from("a"), Buffer.from("ü"), Buffer.alloc(Number(url.searchParams.get("size")), "x")];
        for (const socket of this.#sockets) socket.send(parts, true);
        return Response.json(this.#sockets.size);
      }
      case "/resume":
        for (const socket of this.#sockets) socket.resume();
        return new Response(null, { status: 204 });
      case "/pending":
        return Response.json([...this.#sockets].map((socket) => socket.pendingBytes));
      case "/abort-all":
        for (const socket of this.#sockets) socket.abort();
        return new Response(null, { status: 204 });
      case "/stop-accepting":
        await this.listener?.stopAccepting();
        return new Response(null, { status: 204 });
      default:
        return new Response(null, { status: 404 });
    }
  }

  upgrade(request: UpgradeRequest): UpgradeVerdict | Promise<UpgradeVerdict> {
    const url = new URL(request.target, "http://fixture");
    const selected = url.searchParams.get("select");
    const accept = { accept: this.#socketHandler(request), ...(selected !== null && { subprotocol: selected }) };
    switch (url.pathname) {
      case "/ws":
        return accept;
      case "/ws/small":
        return { ...accept, maxMessageBytes: 1_000 };
      case "/ws/slow":
        this.#log.push("upgrade waits");
        return this.#gate.then(() => accept);
      case "/ws/refuse":
        return { refuse: new Response("Not you.", { status: 403, headers: { "x-reason": "because" } }) };
      case "/ws/throw":
        throw new Error("upgrade threw");
      default:
        return { refuse: new Response(null, { status: 404 }) };
    }
  }

  onError(error: unknown): void {
    this.#log.push(`error: ${error instanceof Error ? error.message : String(error)}`);
  }

  #describe(request: HotRequest): BodyReader {
    return {
      limit: MAX_BODY_BYTES,
      answer: (body) => {
        this.#log.push("body read");
        const described = {
          method: request.method,
          target: request.target,
          header: request.header("x-test"),
          absent: request.header("x-absent") === undefined,
          length: body.length,
          body: Buffer.from(body.subarray(0, 100)).toString(),
        };
        return {
          status: 200,
          headers: { "Content-Type": "application/json", "X-Fixture": "yes" },
          body: JSON.stringify(described),
        };
      },
      tooLarge: () => ({ status: 413, body: "too large" }),
    };
  }

  #endlessStream(): ReadableStream<Uint8Array> {
    let timer: NodeJS.Timeout | undefined;
    let count = 0;
    return new ReadableStream({
      start: (controller) => {
        timer = setInterval(() => controller.enqueue(Buffer.from(`data: ${count++}\n\n`)), 20);
      },
      cancel: () => {
        clearInterval(timer);
        this.#log.push("stream cancelled");
      },
    });
  }

  #socketHandler(request: UpgradeRequest): SocketHandler {
    let socket: Socket;
    let received = 0;
    // Bun knows the peer only until it has answered the upgrade.
    const { address } = request.peer;
    return {
      open: (opened) => {
        socket = opened;
        this.#sockets.add(socket);
        this.#log.push(`open offering [${request.subprotocols.join(" ")}] from ${address}`);
      },
      message: (data, isText) => {
        received += data.length;
        const text = isText ? Buffer.from(data).toString() : "";
        if (text.startsWith("!")) this.#command(socket, text.slice(1).split(" "), received);
        else if (data.length > 0 || !isText) socket.send([data], isText);
        else socket.send([], true);
      },
      drained: () => this.#log.push(`drained to ${socket.pendingBytes}`),
      alive: () => this.#log.push("alive"),
      closed: (code, reason) => {
        this.#sockets.delete(socket);
        this.#log.push(`closed ${code} ${reason}`.trim());
      },
    };
  }

  #command(socket: Socket, [name, first, ...rest]: string[], received: number): void {
    switch (name) {
      case "close":
        socket.close(Number(first), rest.join(" "));
        // After the end a socket takes everything and does nothing.
        socket.send([Buffer.from("too late")], true);
        socket.ping();
        break;
      case "abort":
        socket.abort();
        socket.send([Buffer.from("too late")], true);
        socket.close(1000);
        break;
      case "flood": {
        const part = Buffer.alloc(1024 * 1024, "f");
        for (let i = 0; i < Number(first); i++) socket.send([part], false);
        break;
      }
      case "flood-and-close":
        for (let i = 0; i < Number(first); i++) socket.send([Buffer.alloc(1024 * 1024, "f")], false);
        socket.close(1000, "flooded");
        break;
      case "ping":
        socket.ping();
        break;
      case "pause":
        socket.pause();
        socket.send([Buffer.from("paused")], true);
        break;
      case "received":
        socket.send([Buffer.from(String(received))], true);
        break;
      case "throw":
        throw new Error("message threw");
    }
  }
}
