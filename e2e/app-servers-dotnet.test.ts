import { describe, it } from "vitest";
import { describeAppServers } from "./support/app-servers.suite.ts";
import { appServerSdk, buildAppServer } from "./support/dotnet-program.ts";
import { dotnetSdk } from "./support/system-parts.ts";

const dotnet = dotnetSdk.find();
const program = dotnet === undefined ? undefined : await buildAppServer(dotnet);
const missing =
  dotnet === undefined ? "there is no .NET 10 SDK" : `the NuGet feed of this machine does not serve ${appServerSdk}`;

describe(`several app servers with ${appServerSdk}`, () => {
  if (program === undefined) it.skip(`is skipped: ${missing}`);
  else describeAppServers(program);
});
