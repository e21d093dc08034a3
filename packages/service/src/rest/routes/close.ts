import type { Audience } from "../../hub/command.ts";
import { application, closedUser, connection, excluded, group, hub, reason } from "../parameter.ts";
import { emptyReply, type Reply } from "../reply.ts";
import { RestError } from "../rest-error.ts";
import { type Call, type Difference, execute, type Route, route, type Served } from "../route.ts";

const reallyClosed: Difference = {
  what: "The connection is gone when the answer comes, and its socket is closed.",
  why: "The official emulator leaves the closing to the client, which until then still receives; the cloud's own tests expect it gone.",
};
const inV1: Difference = {
  family: "v1",
  what: "Served although the specification of v1 does not list it.",
  why: "The official emulator serves it.",
};

/** In v1 by the emulator alone. */
const closes: { v1: Served; dated: Served } = {
  v1: { status: 204, by: "emulator" },
  dated: { status: 204, by: "cloud", since: "2022-06-01" },
};

interface Closing {
  readonly hub: string;
  readonly application: string | undefined;
  readonly reason: string | undefined;
  readonly excluded: readonly string[];
}

async function close(call: Call, closing: Closing, audience: Audience): Promise<Reply> {
  await execute(call, closing, {
    do: "close",
    audience,
    except: { connections: closing.excluded },
    ...(closing.reason === undefined ? {} : { reason: closing.reason }),
  });
  return emptyReply(call.success);
}

const closeConnection = route({
  operation: "closeConnection",
  summary: "Close a connection",
  methods: ["DELETE"],
  paths: ["/hubs/{hub}/connections/{connection}"],
  parameters: { hub, application, connection, reason },
  served: {
    v1: { status: 202, by: "cloud" },
    dated: { status: 200, by: "cloud", since: "2022-06-01" },
    "raw-v1": { status: 202, by: "cloud" },
    raw: { status: 202, by: "cloud" },
  },
  errors: ["invalid", "connectionUnknown"],
  differences: [
    reallyClosed,
    {
      family: "dated",
      what: "404 for an unknown connection; the official emulator of 2024 answers 200.",
      why: "The cloud's SDK expects it, with this `x-ms-error-code`.",
    },
    { family: "v1", what: "202 for an unknown connection.", why: "v1 lists no other answer." },
    { family: "raw-v1", what: "202 for an unknown connection.", why: "No other answer is listed." },
    { family: "raw", what: "202 for an unknown connection.", why: "No other answer is listed." },
  ],
  async handle(call, values) {
    const isKnown = await execute(call, values, { do: "exists", subject: { connection: values.connection } });
    // Only versions that answer 200 tell the two apart.
    if (!isKnown && call.success === 200)
      throw new RestError("connectionUnknown", `There is no connection '${values.connection}'.`);
    return close(call, { ...values, excluded: [] }, { to: "connections", ids: [values.connection] });
  },
});

const closeAll = route({
  operation: "closeConnections",
  summary: "Close every connection of a hub",
  methods: ["POST"],
  paths: ["/hubs/{hub}/:closeConnections"],
  parameters: { hub, application, excluded, reason },
  served: closes,
  errors: ["invalid"],
  differences: [reallyClosed, inV1],
  handle: (call, values) => close(call, values, { to: "all" }),
});

const closeUser = route({
  operation: "closeUserConnections",
  summary: "Close every connection of a user",
  methods: ["POST"],
  paths: ["/hubs/{hub}/users/{user}/:closeConnections"],
  parameters: { hub, application, user: closedUser, excluded, reason },
  served: closes,
  errors: ["invalid"],
  differences: [reallyClosed, inV1],
  handle: (call, values) => close(call, values, { to: "users", ids: [values.user] }),
});

const closeGroup = route({
  operation: "closeGroupConnections",
  summary: "Close every connection in a group",
  methods: ["POST"],
  paths: ["/hubs/{hub}/groups/{group}/:closeConnections"],
  parameters: { hub, application, group, excluded, reason },
  served: closes,
  errors: ["invalid"],
  differences: [reallyClosed, inV1],
  handle: (call, values) => close(call, values, { to: "groups", ids: [values.group] }),
});

export const closeRoutes: readonly Route[] = [closeConnection, closeAll, closeUser, closeGroup];
