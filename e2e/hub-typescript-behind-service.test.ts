import { describe } from "vitest";
import { describeHubForDotnet } from "./support/dotnet-hub.suite.ts";
import { describeHub } from "./support/hub.suite.ts";
import { startWithService } from "./support/hub-server.ts";
import { typeScriptHub } from "./support/typescript-hub.ts";

describe("a hub of @signalbox/hub behind the service", () => {
  describeHub(() => startWithService(typeScriptHub()));
  describeHubForDotnet(() => startWithService(typeScriptHub()));
});
