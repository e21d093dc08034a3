import { noExpiry } from "@signalbox/protocol";
import type { Claim } from "../../auth/claims.ts";
import { readBody } from "../body.ts";
import { application, hub } from "../parameter.ts";
import { jsonReply } from "../reply.ts";
import { invalid, RestError } from "../rest-error.ts";
import { type Call, execute, type HubAddress, hubName, type Route, route } from "../route.ts";

/*
 * A client's token is renewed while it stays connected. Bodies and answers are those of the Management SDK (Azure/azure-signalr,
 * `RestHubLifetimeManager.cs` at 2a896f2); what the service makes of them is told by that SDK's tests.
 */

const served: Route["served"] = { dated: { status: 200, by: "cloud", since: "2026-07-01" } };
const example = { connectionToken: "connection-token" };

const renew = route({
  operation: "renewConnection",
  summary: "Renew claims and expiry of a connection, without a new connection",
  methods: ["POST"],
  paths: ["/hubs/{hub}/connections/:refreshAuth"],
  parameters: { hub, application },
  body: {
    forms: ["json"],
    schema: "TokenRenewal",
    example: { ...example, expireTime: "9999-12-31T23:59:59.9999999+00:00", claims: [{ type: "role", value: "admin" }] },
  },
  answer: "Claims",
  served,
  errors: ["invalid", "tooLarge", "mediaType", "connectionUnknownForCommand", "anotherUser"],
  differences: [
    {
      what: "Claims of the token itself (`aud`, `exp`, `iat`, `nbf`, `iss`, `asrs.s.*`) stay whatever is sent, and so does the user where no claim names one. A new expiry ends the connection also when its first token named none.",
      why: "The Management SDK makes the client's next token of the answer, so it must name user and expiry; what the cloud keeps is not published.",
    },
  ],
  async handle(call, values) {
    const body = await read(call);
    const expiresAt = readExpiry(body.expireTime);
    const claims = readClaims(body.claims);
    const answer = await execute(call, values, {
      do: "renew",
      connection: connectionOf(call, values, body),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(claims.length === 0 ? {} : { claims }),
    });
    if (answer.outcome === "renewed") return jsonReply({ claims: answer.claims });
    if (answer.outcome === "no connection") throw unknown();
    throw new RestError("anotherUser", "The claims name another user than the connection's.", "claims");
  },
});

const tell = route({
  operation: "getConnectionClaims",
  summary: "Tell the claims of a connection",
  methods: ["POST"],
  paths: ["/hubs/{hub}/connections/:getClaims"],
  parameters: { hub, application },
  body: { forms: ["json"], schema: "ConnectionToken", example },
  answer: "Claims",
  served,
  errors: ["invalid", "tooLarge", "mediaType", "connectionUnknownForCommand"],
  differences: [],
  async handle(call, values) {
    const connection = connectionOf(call, values, await read(call));
    const claims = await execute(call, values, { do: "claims", connection });
    if (claims === undefined) throw unknown();
    return jsonReply({ claims });
  },
});

type Fields = Readonly<Record<string, unknown>>;

async function read(call: Call): Promise<Fields> {
  const { value } = await readBody(call.request, ["json"], call.options.maxBodyBytes, "The request needs a body.");
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("The body must be an object.");
  return value as Fields;
}

function connectionOf(call: Call, at: HubAddress, { connectionToken }: Fields): string {
  if (typeof connectionToken !== "string" || connectionToken === "") {
    throw invalid("connectionToken must be a text that is not empty.", "connectionToken");
  }
  const connection = call.connectionOf(hubName(at), connectionToken);
  if (connection === undefined) throw unknown();
  return connection;
}

function unknown(): RestError {
  return new RestError("connectionUnknownForCommand", "No connection has this token.");
}

/** @returns milliseconds since 1970, or undefined for no new expiry */
function readExpiry(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  // .NET writes seven digits of a second.
  const date = typeof value === "string" ? Date.parse(value.replace(/(\.\d{3})\d+/, "$1")) : Number.NaN;
  if (Number.isNaN(date)) throw invalid("expireTime must be a date and time such as 2030-01-31T12:00:00Z.", "expireTime");
  if (date <= Date.now()) throw invalid("expireTime must be in the future.", "expireTime");
  return date >= noExpiry ? undefined : date;
}

function readClaims(value: unknown): readonly Claim[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid("claims must be an array.", "claims");
  return value.map((item: unknown, index) => {
    const { type, value } = (item ?? {}) as Fields;
    if (typeof type === "string" && type !== "" && typeof value === "string") return { type, value };
    throw invalid(`The claim at [${index}] must have a type and a value, both texts.`, `claims[${index}]`);
  });
}

export const claimsRoutes: readonly Route[] = [renew, tell];
