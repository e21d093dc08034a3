import type { HeaderReader, Peer } from "@signalbox/transport";

/** A request of a client, as far as it may tell who the client is. */
export class ClientRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: HeaderReader;
  readonly peer: Pick<Peer, "address">;

  constructor(method: string, target: string, headers: HeaderReader, peer: Pick<Peer, "address">) {
    this.method = method;
    this.target = target;
    this.headers = headers;
    this.peer = peer;
  }

  get query(): URLSearchParams {
    const question = this.target.indexOf("?");
    return new URLSearchParams(question < 0 ? "" : this.target.slice(question + 1));
  }

  /** Of the `Authorization` header, or of the query where browsers cannot set headers. */
  get accessToken(): string | undefined {
    const bearer = /^Bearer +(.+)$/i.exec(this.headers.get("authorization") ?? "")?.[1];
    return bearer ?? this.query.get("access_token") ?? undefined;
  }
}
