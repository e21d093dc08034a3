import { describe } from "vitest";
import { describeAppServers } from "./support/app-servers.suite.ts";
import { typeScriptHub } from "./support/typescript-hub.ts";

describe("several app servers with @signalbox/hub", () => {
  describeAppServers(typeScriptHub());
});
