import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type RawClient, StartedRest } from "./started-rest.suite.ts";

const nameIdentifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";

let rest: StartedRest;
let client: RawClient;

beforeAll(async () => {
  rest = await StartedRest.start();
});
afterAll(() => rest.stop());
afterEach(() => {
  client?.socket.terminate();
  expect(rest.errors).toEqual([]);
});

async function connect(userId?: string): Promise<void> {
  client = await rest.connect("renewal", userId);
}

async function renew(body: object): Promise<{ readonly status: number; readonly body: never }> {
  const response = await rest.call("POST", "/api/hubs/Renewal/connections/:refreshAuth?api-version=2026-07-01", {
    body: JSON.stringify({ connectionToken: client.token, ...body }),
  });
  return { status: response.status, body: (await response.json()) as never };
}

async function claims(): Promise<Readonly<Record<string, string>>> {
  const body = JSON.stringify({ connectionToken: client.token });
  const response = await rest.call("POST", "/api/hubs/renewal/connections/:getClaims?api-version=2026-07-01", { body });
  const answer = (await response.json()) as { readonly claims: readonly { readonly type: string; readonly value: string }[] };
  return Object.fromEntries(answer.claims.map(({ type, value }) => [type, value]));
}

describe("A connection's token", () => {
  it("is renewed with other claims; those of the token and who the client is stay", async () => {
    await connect("ann");
    const before = await claims();
    const given = [
      { type: nameIdentifier, value: "ann" },
      { type: "role", value: "admin" },
      { type: "asrs.s.uid", value: "bob" },
      { type: "aud", value: "elsewhere" },
    ];
    const { status, body } = await renew({ claims: given, expireTime: "9999-12-31T23:59:59.9999999+00:00" });
    const role = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
    const after = await claims();
    expect([status, body]).toEqual([200, { claims: Object.entries(after).map(([type, value]) => ({ type, value })) }]);
    expect(after).toEqual({ ...before, [nameIdentifier]: "ann", [role]: "admin" });
    await renew({ claims: [{ type: "tenant", value: "contoso" }] });
    expect(await claims()).toEqual({ ...before, [nameIdentifier]: "ann", tenant: "contoso" });
    expect(await rest.hubs.execute("renewal", { do: "exists", subject: { user: "ann" } })).toBe(true);
  });

  it("stays as it is when nothing is given", async () => {
    await connect("ann");
    const before = await claims();
    for (const body of [{}, { claims: null, expireTime: null }, { claims: [] }]) expect((await renew(body)).status).toBe(200);
    expect(await claims()).toEqual(before);
  });

  it("is not another user's: 403, and nothing has changed", async () => {
    for (const userId of ["ann", undefined]) {
      await connect(userId);
      const before = await claims();
      for (const type of [nameIdentifier, "nameid", "sub"]) {
        const { status, body } = await renew({ claims: [{ type, value: "bob" }] });
        expect([status, body]).toMatchObject([403, { code: "Error.Connection.UserMismatch", target: "claims" }]);
      }
      expect(await claims()).toEqual(before);
      client.socket.terminate();
    }
  });

  it("ends the connection at its new expiry", async () => {
    await connect("ann");
    const ended = new Promise((resolve) => client.socket.once("close", resolve));
    const until = (date: number) => renew({ expireTime: new Date(date).toISOString() });
    const later = Date.now() + 600_000;
    expect((await until(later)).status).toBe(200);
    expect(await claims()).toMatchObject({ "asrs.s.coae": "true", "asrs.s.aeo": String(Math.floor(later / 1000)) });
    // Refused when this machine is so slow that the date has passed on the way.
    await vi.waitUntil(async () => (await until(Date.now() + 500)).status === 200);
    await ended;
    expect((await renew({})).status).toBe(404);
  });
});

describe("A renewal is refused", () => {
  it.each([
    [{ connectionToken: undefined }, "connectionToken must be"],
    [{ connectionToken: 5 }, "connectionToken must be"],
    [{ expireTime: "tomorrow" }, "expireTime must be a date"],
    [{ expireTime: 5 }, "expireTime must be a date"],
    [{ expireTime: "2020-01-01T00:00:00Z" }, "expireTime must be in the future"],
    [{ claims: {} }, "claims must be an array"],
    [{ claims: [{ type: "a", value: "b" }, null] }, "The claim at [1] must have"],
    [{ claims: [{ type: "", value: "b" }] }, "The claim at [0] must have"],
    [{ claims: [{ type: "a", value: 1 }] }, "The claim at [0] must have"],
  ])("with 400 for %j", async (body, message) => {
    await connect();
    const answer = await renew(body);
    expect([answer.status, answer.body]).toEqual([
      400,
      { code: "Error.Request.Invalid", message: expect.stringContaining(message), target: expect.any(String) },
    ]);
  });

  it("with 400 for a body that is no object, with 404 for a token that nobody knows, or of another hub", async () => {
    await connect();
    const call = (hub: string, body: unknown) =>
      rest.call("POST", `/api/hubs/${hub}/connections/:getClaims`, { body: JSON.stringify(body) });
    expect((await call("renewal", [])).status).toBe(400);
    expect((await call("renewal", { connectionToken: "unknown" })).status).toBe(404);
    const elsewhere = await call("other", { connectionToken: client.token });
    expect([elsewhere.status, elsewhere.headers.get("x-ms-error-code")]).toEqual([404, "Error.Connection.NotExisted"]);
  });
});
