import { describe } from "vitest";
import { describeHubForDotnet } from "./support/dotnet-hub.suite.ts";
import { describeHub } from "./support/hub.suite.ts";
import { startSelfHosted } from "./support/hub-server.ts";
import { runtimes } from "./support/service.ts";
import { typeScriptHub } from "./support/typescript-hub.ts";

describe.each(runtimes)("a hub of @signalbox/hub on %s, self-hosted", (runtime) => {
  describeHub(() => startSelfHosted(typeScriptHub(runtime)));
  if (runtime === "Node 26") describeHubForDotnet(() => startSelfHosted(typeScriptHub(runtime)));
});
