import { describe } from "vitest";
import { describeClient } from "./support/client.suite.ts";
import { connectInNode } from "./support/node-client.ts";
import { runtimes } from "./support/service.ts";

describe.each(runtimes)("@microsoft/signalr with Signalbox on %s", (runtime) => {
  describeClient(runtime, connectInNode);
});
