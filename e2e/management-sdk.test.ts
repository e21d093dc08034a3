import { beforeAll, describe, expect, it } from "vitest";
import { buildDotnetProgram } from "./support/dotnet-program.ts";
import { startService } from "./support/service.ts";
import { dotnetSdk } from "./support/system-parts.ts";

const dotnet = dotnetSdk.find();
const sdk = "Microsoft.Azure.SignalR.Management";
const program = dotnet === undefined ? undefined : await buildDotnetProgram(dotnet, "management", sdk);
const missing = dotnet === undefined ? "there is no .NET 10 SDK" : `the NuGet feed of this machine does not serve ${sdk}`;

describe.skipIf(program === undefined)(`the .NET Management SDK, ${sdk}`, () => {
  let errors: ReadonlyMap<string, string | null>;

  beforeAll(async () => {
    await using service = await startService();
    await using another = await startService();
    errors = await program!.run(service.connectionString, async (wish) => {
      if (wish === "another") return another.connectionString;
      throw new Error(`no case asks for ${wish}`);
    });
  });

  it.each(program?.cases ?? [`is skipped: ${missing}`])("%s", (name) => {
    expect(errors.get(name)).toBeNull();
  });
});
