import { afterAll, beforeAll, describe } from "vitest";
import { HubClient } from "./hub-client.ts";
import type { HubServer } from "./hub-server.ts";
import { describeCalls } from "./hub-suite/calls.ts";
import { describeLifetime } from "./hub-suite/lifetime.ts";
import { describeRawConnections } from "./hub-suite/raw.ts";
import { describeResults } from "./hub-suite/results.ts";
import { describeSends } from "./hub-suite/sends.ts";
import type { Stage } from "./hub-suite/stage.ts";
import { describeStreams } from "./hub-suite/streams.ts";
import { combinations } from "./test-client.ts";

/**
 * What clients can expect of the hub of `test-hub.md`, over every transport and protocol, whoever hosts it. The lines come from the suites
 * that the official parts are tested by.
 * @param start starts the host; it is disposed of afterwards
 */
export function describeHub(start: () => Promise<HubServer>): void {
  let server: HubServer | undefined;

  beforeAll(async () => {
    server = await start();
  });

  afterAll(() => server?.[Symbol.asyncDispose]());

  describe.each(combinations)("$transport with $protocol", (combination) => {
    const stage: Stage = {
      server: () => server!,
      combination,
      connect: (options) => HubClient.start(server!, combination, options),
    };
    describeCalls(stage);
    describeSends(stage);
    describeStreams(stage);
    describeResults(stage);
    describeLifetime(stage);
    describeRawConnections(stage);
  });
}
