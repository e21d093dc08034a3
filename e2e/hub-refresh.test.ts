import { Hub, HubServer, type ServiceOptions } from "@signalbox/hub";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDotnetProgram } from "./support/dotnet-program.ts";
import { startService } from "./support/service.ts";
import { dotnetSdk } from "./support/system-parts.ts";

const client = "Microsoft.AspNetCore.SignalR.Client";
const dotnet = dotnetSdk.find();
const program = dotnet === undefined ? undefined : await buildDotnetProgram(dotnet, "refresh-client", client);
const missing = dotnet === undefined ? "there is no .NET 10 SDK" : `the NuGet feed of this machine does not serve ${client} 11`;

class Accounts extends Hub {
  WhoAmI(): string {
    return `${this.context.userIdentifier} ${this.context.user?.claims?.role}`;
  }
}

/** `user.role.seconds`; anything else is nobody. */
function userOf(token: string | undefined) {
  const [id, role, seconds] = (token ?? "").split(".");
  if (id === undefined || role === undefined) return undefined;
  return { id, claims: { role }, expiresAt: new Date(Date.now() + Number(seconds) * 1_000) };
}

async function startHub(service?: ServiceOptions): Promise<{ readonly url: string; readonly server: HubServer }> {
  const server = new HubServer({
    authenticate: ({ accessToken }) => userOf(accessToken),
    ...(service === undefined ? {} : { service }),
  }).map("/accounts", Accounts);
  const { port } = await server.listen(0);
  return { url: `http://localhost:${port}/accounts`, server };
}

describe.each(["self-hosted", "behind the service"])("a hub of @signalbox/hub %s, to the .NET 11 client", (host) => {
  const started = new AsyncDisposableStack();
  let errors: ReadonlyMap<string, string | null>;

  beforeAll(async () => {
    if (program === undefined) return;
    const service = host === "self-hosted" ? undefined : started.use(await startService());
    const { url, server } = await startHub(service && { endpoints: service.connectionString, connections: 2 });
    started.use(server);
    errors = await program.run(`Endpoint=${url}`, async () => "");
  });

  afterAll(() => started.disposeAsync());

  it.skipIf(program === undefined).each(program?.cases ?? [`is skipped: ${missing}`])("%s", (name) => {
    expect(errors.get(name)).toBeNull();
  });
});
