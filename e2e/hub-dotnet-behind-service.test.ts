import { describe, it } from "vitest";
import { describeHubForDotnet } from "./support/dotnet-hub.suite.ts";
import { appServerSdk, buildAppServer } from "./support/dotnet-program.ts";
import { describeHub } from "./support/hub.suite.ts";
import { startWithService } from "./support/hub-server.ts";
import { dotnetSdk } from "./support/system-parts.ts";

const dotnet = dotnetSdk.find();
const program = dotnet === undefined ? undefined : await buildAppServer(dotnet);
const missing =
  dotnet === undefined ? "there is no .NET 10 SDK" : `the NuGet feed of this machine does not serve ${appServerSdk}`;

describe(`a hub of ASP.NET Core SignalR behind the service, by ${appServerSdk}`, () => {
  if (program === undefined) it.skip(`is skipped: ${missing}`);
  else {
    describeHub(() => startWithService(program));
    describeHubForDotnet(() => startWithService(program));
  }
});
