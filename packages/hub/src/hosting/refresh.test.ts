import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawClient } from "../../test/raw-client.ts";
import { Hub, HubServer, type ListeningHubServer } from "../index.ts";

// What the .NET 11 client makes of it is in e2e/hub-refresh.test.ts; @microsoft/signalr asks for nothing of the kind, so tests ask for it.
class Accounts extends Hub {
  role() {
    return this.context.user?.claims?.role;
  }
}

let listening: ListeningHubServer;
let url: string;

/** `user role seconds`, `custom`; anything else is nobody. */
function userOf(token: string | undefined) {
  if (token === "custom") return new Response("try later", { status: 503 });
  if (token === "broken") throw new Error("The directory is down.");
  const [id, role, seconds] = (token ?? "").split(" ");
  if (id === undefined || role === undefined) return undefined;
  return {
    id,
    claims: { role },
    ...(seconds === undefined ? {} : { expiresAt: new Date(Date.now() + Number(seconds) * 1_000) }),
  };
}

const errors: string[] = [];

beforeAll(async () => {
  const server = new HubServer({
    authenticate: ({ accessToken }) => userOf(accessToken),
    onError: (error, doing) => errors.push(`${doing}: ${error}`),
  }).map("/accounts", Accounts);
  listening = await server.listen(0);
  url = `http://127.0.0.1:${listening.port}/accounts`;
});
afterAll(() => listening.close());

function ask(path: string, token: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}${path}`, { method: "POST", headers: { authorization: `Bearer ${token}`, ...headers } });
}

/** A connected client, with the secret token that it got when it negotiated. */
async function connect(token: string) {
  const negotiated = await (await ask("/negotiate?negotiateVersion=1", token)).json();
  const { connectionToken, connectionId } = negotiated as { connectionToken: string; connectionId: string };
  const client = await RawClient.open(`${url}?id=${connectionToken}&access_token=${encodeURIComponent(token)}`);
  await expect.poll(() => client.records).toEqual([{}]);
  const role = async () => {
    const before = client.records.length;
    client.send({ type: 1, invocationId: "1", target: "role", arguments: [] });
    await expect.poll(() => client.records.length).toBeGreaterThan(before);
    return client.records.at(-1)?.result;
  };
  return { client, connectionId, connectionToken, role };
}

const named = (token: string) => ({ "x-signalr-connection-token": token });

describe("A client that negotiates", () => {
  it("hears how long its token lasts, when it ends at all", async () => {
    const lifetime = async (token: string) =>
      ((await (await ask("/negotiate", token)).json()) as { tokenLifetimeSeconds?: number }).tokenLifetimeSeconds;
    const seconds = await lifetime("ann reader 600");
    expect(seconds).toBeGreaterThan(300);
    expect(seconds).toBeLessThanOrEqual(600);
    expect(await lifetime("ann reader")).toBeUndefined();
    expect(await lifetime("ann reader 0")).toBeUndefined();
  });
});

describe("A new token for a connection", () => {
  it("changes the claims that the hub sees, and when the connection ends", async () => {
    const { client, connectionId, connectionToken, role } = await connect("ann reader 600");
    expect(await role()).toBe("reader");
    const answer = await ask("/refresh", "ann admin 300", named(connectionToken));
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as { refreshedAt: string; tokenLifetimeSeconds: number };
    expect(body).toMatchObject({ connectionId, refreshedAt: new Date(body.refreshedAt).toISOString() });
    expect(body.tokenLifetimeSeconds).toBeLessThanOrEqual(300);
    expect(await role()).toBe("admin");
    await ask("/refresh", "ann admin 0", named(connectionToken));
    await expect.poll(() => client.closed).toBe(true);
  });

  it("may never end", async () => {
    const { client, connectionToken, role } = await connect("ann reader 600");
    const answer = await ask("/refresh", "ann owner", named(connectionToken));
    expect(await answer.json()).not.toHaveProperty("tokenLifetimeSeconds");
    expect(await role()).toBe("owner");
    client.socket.close();
  });

  it("may name the connection in the query, as previews of the .NET client do", async () => {
    const { client, connectionToken, role } = await connect("ann reader");
    expect((await ask(`/REFRESH/?id=${connectionToken}`, "ann admin")).status).toBe(200);
    expect(await role()).toBe("admin");
    client.socket.close();
  });

  it.each([
    ["of somebody else", "bob admin", 403, "permission_change_rejected"],
    ["of nobody", "", 401, "invalid_token"],
  ])("%s is refused, and the connection stays what it was", async (_, token, status, error) => {
    const { client, connectionToken, role } = await connect("ann reader");
    const answer = await ask("/refresh", token, named(connectionToken));
    expect([answer.status, await answer.json()]).toEqual([
      status,
      { error, error_description: expect.stringMatching(/\w.*\.$/) },
    ]);
    expect(await role()).toBe("reader");
    client.socket.close();
  });

  it("is refused without a connection token, with an unknown one, and with the public id", async () => {
    const { client, connectionId } = await connect("ann reader");
    const outcome = async (headers: Record<string, string>) => {
      const answer = await ask("/refresh", "ann admin", headers);
      return [answer.status, ((await answer.json()) as { error: string }).error];
    };
    expect(await outcome({})).toEqual([400, "missing_connection_token"]);
    expect(await outcome(named("unknown"))).toEqual([404, "connection_not_found"]);
    expect(await outcome(named(connectionId))).toEqual([404, "connection_not_found"]);
    client.socket.close();
  });

  it("gets the answer that `authenticate` makes, and a 500 when that fails", async () => {
    const { client, connectionToken } = await connect("ann reader");
    const custom = await ask("/refresh", "custom", named(connectionToken));
    expect([custom.status, await custom.text()]).toEqual([503, "try later"]);
    expect((await ask("/refresh", "broken", named(connectionToken))).status).toBe(500);
    expect(errors.at(-1)).toContain("The directory is down.");
    client.socket.close();
  });

  it("is no business of a hub without authentication, nor of another verb", async () => {
    const open = new HubServer().map("/open", class Open extends Hub {}).handler();
    const answer = await open.fetch(new Request("http://localhost/open/refresh", { method: "POST" }));
    expect([answer?.status, await answer?.json()]).toMatchObject([404, { error: "refresh_disabled" }]);
    expect((await fetch(`${url}/refresh`)).status).toBe(405);
  });
});
