import type { EndpointType } from "../options.ts";

/** What is known about an endpoint. */
export interface EndpointInfo {
  /** Empty unless one was given. */
  readonly name: string;
  readonly type: EndpointType;
  /** The connection string's `Endpoint`, without a trailing slash. */
  readonly endpoint: string;
  /** False when the endpoint did not answer when it was last asked. */
  readonly online: boolean;
}

/** To whom something goes. */
export type Recipient =
  | { readonly kind: "all" }
  | { readonly kind: "user" | "group" | "connection"; readonly id: string }
  /** A user's membership of a group. */
  | { readonly kind: "userGroup"; readonly userId: string; readonly group: string };

/** Chooses among several endpoints; asked only when there are several. */
export interface EndpointRouter {
  /** @returns the endpoints that get the call; those among them that are offline are left out afterwards */
  messageEndpoints(endpoints: readonly EndpointInfo[], hub: string, recipient: Recipient): readonly EndpointInfo[];
  /** @returns where the client connects; undefined when no endpoint will do */
  negotiateEndpoint(
    endpoints: readonly EndpointInfo[],
    hub: string,
    client: { readonly userId?: string | undefined },
  ): EndpointInfo | undefined;
}
