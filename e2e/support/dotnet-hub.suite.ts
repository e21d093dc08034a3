import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDotnetProgram } from "./dotnet-program.ts";
import type { HubServer } from "./hub-server.ts";
import { control } from "./hub-suite/stage.ts";
import { dotnetSdk } from "./system-parts.ts";

const dotnet = dotnetSdk.find();
const program = dotnet === undefined ? undefined : await buildDotnetProgram(dotnet, "hub-client");

/** What the .NET client finds at the hub of `test-hub.md`, whoever hosts it. */
export function describeHubForDotnet(start: () => Promise<HubServer>): void {
  describe.skipIf(program === undefined)("the .NET client", () => {
    let server: HubServer | undefined;
    let errors: ReadonlyMap<string, string | null>;

    beforeAll(async () => {
      const own = await start();
      server = own;
      const grant = async (wish: string) => {
        if (wish === "token") return (await control(own, "POST", "/token?user=ann")).text();
        own.clientPath[wish as "cut" | "release"]();
        return "";
      };
      errors = await program!.run(`Endpoint=${own.clientUrl}`, grant);
    });

    afterAll(() => server?.[Symbol.asyncDispose]());

    it.each(program?.cases ?? ["is skipped: there is no .NET 10 SDK"])("%s", (name) => {
      expect(errors.get(name)).toBeNull();
    });
  });
}
