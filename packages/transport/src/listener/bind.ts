import { ListenError, toListenError } from "./listen-error.ts";

/** One bound address. */
export interface Bound {
  readonly host: string;
  readonly port: number;
  /** Gives the port back. */
  release(): void;
}

/** How often another free port is tried when the one picked on IPv4 turns out to be taken on IPv6. */
const PORT_ATTEMPTS = 10;

/**
 * Binds `host`, or, without one (or for `localhost`, which means both), 127.0.0.1 and ::1 on the same port.
 * A machine without IPv6 gets 127.0.0.1 alone.
 * @param bindOne binds one address; rejects with whatever the runtime says
 * @throws {ListenError}
 */
export async function bindAll<B extends Bound>(
  host: string | undefined,
  port: number,
  bindOne: (host: string, port: number) => Promise<B>,
): Promise<readonly B[]> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ListenError("ERR_PORT", `${port} is no port: ports are whole numbers from 0 to 65535.`);
  }
  const bind = (at: string, on: number) =>
    bindOne(at, on).catch((error: unknown) => {
      throw toListenError(error, at, on);
    });
  if (host !== undefined && host !== "localhost") return [await bind(host, port)];
  for (let attempt = 1; ; attempt++) {
    const first = await bind("127.0.0.1", port);
    try {
      return [first, await bind("::1", first.port)];
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      if (error.code !== "EADDRINUSE") return withoutIPv6(first, error);
      first.release();
      if (port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** Missing IPv6 is no failure; anything else is. */
function withoutIPv6<B extends Bound>(first: B, error: ListenError): readonly B[] {
  const cause = (error.cause as { code?: string } | undefined)?.code ?? "";
  if (["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"].includes(cause)) return [first];
  first.release();
  throw error;
}
