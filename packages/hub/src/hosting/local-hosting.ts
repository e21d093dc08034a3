import {
  type Admission,
  ClientEndpoint,
  CloseReasons,
  type ConnectionHandler,
  type UpgradeRequest,
  type UpgradeVerdict,
} from "@signalbox/transport";
import type { HubClient } from "../dispatch/hub-client.ts";
import type { HubOptions } from "../options.ts";
import type { Hosting, Visitor } from "./hosting.ts";
import { limitsOf } from "./limits.ts";
import { LocalLifetime } from "./local-lifetime.ts";
import { refreshed, refuseRefresh, tokenLifetime } from "./refresh.ts";

/** Connections closed at once when the server stops, and the pause after that many, in milliseconds. */
const closing = { slice: 500, pauseMs: 50 };

/** The clients of a hub are connected to this process. */
export class LocalHosting implements Hosting {
  readonly lifetime = new LocalLifetime();
  readonly #endpoint: ClientEndpoint;
  readonly #options: HubOptions;
  readonly #handlerOf: () => ConnectionHandler;

  /** @param handlerOf asked once there are clients: it is made of this hosting's lifetime */
  constructor(options: HubOptions, handlerOf: () => ConnectionHandler, onError: (error: unknown) => void) {
    this.#options = options;
    this.#handlerOf = handlerOf;
    const limits = limitsOf(options);
    this.#endpoint = new ClientEndpoint({ limits: () => limits, onError });
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    await Promise.race([
      this.#endpoint.closeAll(CloseReasons.stopped, closing),
      new Promise((resolve) => setTimeout(resolve, 5_000).unref()),
    ]);
    await this.#endpoint.stop();
  }

  negotiate(visitor: Visitor, request: Request): Response {
    return this.#endpoint.negotiate(this.#admit(visitor), request, tokenLifetime(visitor.expiresAt));
  }

  refresh({ client, expiresAt = Number.POSITIVE_INFINITY }: Visitor, connectionToken: string): Response {
    const connection = this.#endpoint.find("", connectionToken);
    if (connection === undefined) return refuseRefresh("connection_not_found");
    const known = connection.context as HubClient;
    if (known.userIdentifier !== client.userIdentifier) return refuseRefresh("permission_change_rejected");
    known.renewUser(client.user);
    connection.expireAt(expiresAt);
    return refreshed(expiresAt, { connectionId: connection.id });
  }

  handle(visitor: Visitor, request: Request): Response | Promise<Response> {
    return this.#endpoint.handle(this.#admit(visitor), request);
  }

  upgrade(visitor: Visitor, request: UpgradeRequest): UpgradeVerdict {
    return this.#endpoint.upgrade(this.#admit(visitor), request);
  }

  #admit({ client, expiresAt }: Visitor): Admission {
    const { transports, enableDetailedErrors } = this.#options;
    return {
      scope: "",
      handler: this.#handlerOf(),
      context: client,
      ...(transports === undefined ? undefined : { transports }),
      ...(enableDetailedErrors === undefined ? undefined : { detailedErrors: enableDetailedErrors }),
      ...(expiresAt === undefined ? undefined : { expiresAt }),
    };
  }
}
