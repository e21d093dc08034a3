import { beforeAll, describe, expect, it } from "vitest";
import { buildDotnetProgram } from "./support/dotnet-program.ts";
import { answerRaw } from "./support/raw-app.ts";
import { Rest } from "./support/rest.ts";
import { keptPort, type RunningService, startService } from "./support/service.ts";
import { dotnetSdk } from "./support/system-parts.ts";
import { startTcpProxy } from "./support/tcp-proxy.ts";
import { startUpstream, type UpstreamAnswer, type UpstreamRequest } from "./support/upstream.ts";

const dotnet = dotnetSdk.find();
const program = dotnet === undefined ? undefined : await buildDotnetProgram(dotnet, "client");

describe.skipIf(program === undefined)(".NET: Microsoft.AspNetCore.SignalR.Client and ClientWebSocket", () => {
  let errors: ReadonlyMap<string, string | null>;

  beforeAll(async () => {
    let service: RunningService | undefined;
    await using upstream = await startUpstream((request) => answer(request, service!));
    const first = await startService({ settings: upstream.settings, port: keptPort() });
    service = first;
    await using proxy = await startTcpProxy(first.port);
    const control: Record<string, () => Promise<string> | string> = {
      restart: async () => {
        await service!.stop("SIGKILL");
        service = await startService({ settings: upstream.settings, port: first.port });
        return "";
      },
      proxy: () => `http://127.0.0.1:${proxy.port}`,
      cut: () => {
        proxy.cut();
        return "";
      },
      release: () => {
        proxy.release();
        return "";
      },
    };
    try {
      errors = await program!.run(first.connectionString, async (wish) => control[wish]!());
    } finally {
      await service[Symbol.asyncDispose]();
      await first[Symbol.asyncDispose]();
    }
  });

  it.each(program?.cases ?? ["is skipped: there is no .NET 10 SDK"])("%s", (name) => {
    expect(errors.get(name)).toBeNull();
  });
});

function answer(request: UpstreamRequest, service: RunningService): UpstreamAnswer | Promise<undefined> | undefined {
  switch (request.event) {
    case "messages/echo":
      return request.completion({ result: request.invocation.arguments[0] });
    case "messages/refuse":
      return request.completion({ error: "not today" });
    case "messages/nothing":
      return request.completion({});
    case "messages/crash":
      return { status: 500 };
    case "messages/count":
      return count(request, service);
    default:
      return answerRaw(request);
  }
}

/** Fills the stream that the client asked for with the numbers from 1 to its argument, and ends it. */
async function count(request: UpstreamRequest, service: RunningService): Promise<undefined> {
  const rest = new Rest(service, String(request.headers["x-asrs-hub"]));
  const { invocationId, arguments: args } = request.invocation;
  const stream = `/connections/${request.connectionId}/streams/${invocationId}`;
  for (let number = 1; number <= Number(args[0]); number++) await rest.must("POST", `${stream}/:send`, number);
  await rest.must("POST", `${stream}/:complete`);
}
