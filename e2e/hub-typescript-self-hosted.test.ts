import { describe } from "vitest";
import { describeHubForDotnet } from "./support/dotnet-hub.suite.ts";
import { describeHub } from "./support/hub.suite.ts";
import { startSelfHosted } from "./support/hub-server.ts";
import { typeScriptHub } from "./support/typescript-hub.ts";

describe("a hub of @signalbox/hub, self-hosted", () => {
  describeHub(() => startSelfHosted(typeScriptHub()));
  describeHubForDotnet(() => startSelfHosted(typeScriptHub()));
});
