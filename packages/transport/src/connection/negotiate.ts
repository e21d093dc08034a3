import type { TransferFormat } from "@signalbox/protocol";
import type { TransportName } from "./connection.ts";
import { queryValues } from "./query.ts";

/** A client that negotiated and has not connected yet. */
export interface Negotiation {
  /** Public id. */
  readonly id: string;
  readonly scope: string;
  /** The answer offered stateful reconnect. */
  readonly stateful: boolean;
  /** See `monotonicNow`. */
  readonly at: number;
}

/** In the order of the answer. */
export const transferFormats: Readonly<Record<TransportName, readonly TransferFormat[]>> = {
  WebSockets: ["Text", "Binary"],
  ServerSentEvents: ["Text"],
  LongPolling: ["Text", "Binary"],
};

const newestVersion = 1;

/**
 * The negotiate version to answer with. Redirected clients repeat the parameter (the app's copy and their own): the first valid one
 * counts. Absent means 0, more than we know means the newest we know (reference hub-and-service-protocol §1.1, emulator-observed §6.3).
 */
export function negotiateVersion(query: URLSearchParams): { readonly version: 0 | 1 } | { readonly error: string } {
  const asked = queryValues(query, "negotiateVersion");
  let error: string | undefined;
  for (const text of asked) {
    const version = integer(text);
    if (version === undefined) error ??= "The client requested a non-integer protocol version.";
    else if (version < 0) error ??= `The client requested version '${version}', but the server does not support this version.`;
    else return { version: version >= newestVersion ? newestVersion : 0 };
  }
  return error === undefined ? { version: 0 } : { error };
}

/** A 32-bit integer as .NET parses one. */
function integer(text: string): number | undefined {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) return undefined;
  const value = Number(text);
  return value === (value | 0) ? value : undefined;
}

export function asksForStatefulReconnect(query: URLSearchParams): boolean {
  return queryValues(query, "useStatefulReconnect").some((value) => value.toLowerCase() === "true");
}

/** 200 with only `error`: the client stops with that text. */
export function negotiateError(error: string): Response {
  return json({ error });
}

export function negotiateAnswer(answer: {
  readonly version: 0 | 1;
  readonly id: string;
  /** The secret of later requests; version 0 has none, its id plays that part. */
  readonly token: string;
  readonly stateful: boolean;
  /** Undefined: all. */
  readonly transports: readonly TransportName[] | undefined;
  readonly more?: object | undefined;
}): Response {
  const { version, id, token, stateful, transports, more } = answer;
  return json({
    negotiateVersion: version,
    connectionId: id,
    ...(version === 0 ? undefined : { connectionToken: token }),
    ...(stateful ? { useStatefulReconnect: true } : undefined),
    ...more,
    availableTransports: Object.entries(transferFormats)
      .filter(([name]) => transports === undefined || transports.includes(name as TransportName))
      .map(([transport, formats]) => ({ transport, transferFormats: formats })),
  });
}

function json(value: unknown): Response {
  const body = JSON.stringify(value);
  return new Response(body, {
    headers: { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) },
  });
}
