import { tokenClaims } from "@signalbox/protocol";
import {
  AuthenticationError,
  ConnectionNotFoundError,
  InvalidArgumentError,
  SignalRServiceError,
  UserMismatchError,
} from "../errors.ts";
import { jsonBody } from "../rest/message-body.ts";
import type { RestAnswer } from "../rest/rest-request.ts";
import { userClaims } from "./client-claims.ts";
import { clientToken, fullName } from "./client-token.ts";
import type { HubCaller } from "./hub-caller.ts";
import type { Authentication, ConnectionClaim, RefreshedAccess } from "./hub-context.ts";
import { type ClaimValue, defaultLifetime, requireLifetime } from "./negotiate.ts";

/** Calls and bodies are those of the .NET SDK (Azure/azure-signalr, `RestApiProvider.cs` and `RestHubLifetimeManager.cs` at 2a896f2). */
export function createAuthentication(caller: HubCaller): Authentication {
  return {
    connectionClaims: async (connectionToken) => claimsOf(await ask(caller, ":getClaims", { connectionToken })),
    async refreshAuthentication(connectionToken, { claims, expiresAt, lifetimeMs = defaultLifetime } = {}) {
      requireLifetime(lifetimeMs);
      if (expiresAt !== undefined && !(expiresAt > Date.now() && expiresAt < Date.parse("9999-12-31"))) {
        throw new InvalidArgumentError(`expiresAt must be in the future, not ${expiresAt}.`);
      }
      const answer = await ask(caller, ":refreshAuth", {
        connectionToken,
        expireTime: expiresAt === undefined ? never : new Date(expiresAt).toISOString(),
        claims: claims === undefined ? null : listed(userClaims(claims)),
      });
      return access(caller, answer, claimsOf(answer), { expiresAt, lifetimeMs });
    },
  };
}

/** .NET's greatest date, as .NET writes it: no new expiry. */
const never = "9999-12-31T23:59:59.9999999+00:00";

async function ask(
  caller: HubCaller,
  path: string,
  body: { readonly connectionToken: string; readonly [more: string]: unknown },
): Promise<RestAnswer> {
  if (typeof body.connectionToken !== "string" || body.connectionToken === "") {
    throw new InvalidArgumentError("The connection token is empty.");
  }
  const answer = await call(caller, path, body);
  if (answer !== undefined) return answer;
  throw new ConnectionNotFoundError("There is no connection with this token.", {
    status: 404,
    code: "Error.Connection.NotExisted",
  });
}

async function call(caller: HubCaller, path: string, body: object): Promise<RestAnswer | undefined> {
  try {
    return await caller.any(
      { kind: "all" },
      {
        method: "POST",
        path: `/connections/${path}`,
        body: jsonBody(body),
        apiVersion: "2026-07-01",
        no: ["error.connection.notexisted", "warning.connection.notexisted"],
      },
    );
  } catch (failure) {
    // Wrong credentials are 401.
    if (!(failure instanceof AuthenticationError) || failure.status !== 403) throw failure;
    const { status, code, endpoint } = failure;
    throw new UserMismatchError(failure.message, { status, code, endpoint, cause: failure });
  }
}

function claimsOf({ text, endpoint }: RestAnswer): readonly ConnectionClaim[] {
  const { claims } = (text === "" ? {} : JSON.parse(text)) as { readonly claims?: unknown };
  if (Array.isArray(claims)) return claims as readonly ConnectionClaim[];
  throw new SignalRServiceError("The service told no claims.", { endpoint: endpoint.restBase });
}

function listed(claims: Readonly<Record<string, ClaimValue>>): readonly ConnectionClaim[] {
  return Object.entries(claims).flatMap(([type, value]) => [value].flat().map((item) => ({ type, value: String(item) })));
}

async function access(
  { hub, services }: HubCaller,
  { endpoint }: RestAnswer,
  claims: readonly ConnectionClaim[],
  { expiresAt, lifetimeMs }: { readonly expiresAt: number | undefined; readonly lifetimeMs: number },
): Promise<RefreshedAccess> {
  const now = Date.now();
  const deadline = Number(claims.find(({ type }) => type === "asrs.s.aeo")?.value ?? Number.NaN) * 1000;
  const end = Math.min(now + lifetimeMs, Number.isNaN(deadline) ? (expiresAt ?? Number.POSITIVE_INFINITY) : deadline);
  const tokenLifetimeSeconds = Math.floor((end - now) / 1000);
  if (tokenLifetimeSeconds <= 0) throw new SignalRServiceError("The connection ends before a new token could be used.");
  const iat = Math.floor(now / 1000);
  const accessToken = await clientToken(endpoint, fullName(hub, services.application), {
    ...byType(claims.filter(({ type }) => !tokenClaims.has(type))),
    iat,
    exp: iat + tokenLifetimeSeconds,
  });
  return { accessToken, tokenLifetimeSeconds };
}

function byType(claims: readonly ConnectionClaim[]): Readonly<Record<string, string | readonly string[]>> {
  const values = Map.groupBy(claims, ({ type }) => type);
  return Object.fromEntries(
    [...values].map(([type, [first, ...others]]) => [
      type,
      others.length === 0 ? first!.value : [first!, ...others].map(({ value }) => value),
    ]),
  );
}
