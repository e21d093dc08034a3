import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A part of the machine that npm cannot bring. Tests that need one that is missing are skipped by name. */
export interface SystemPart {
  readonly name: string;
  /** Debian and Ubuntu packages that bring it, the first one that exists is installed. */
  readonly aptPackages: readonly string[];
  /** Where the part is; undefined when it is missing. */
  find(): string | undefined;
}

export const chromium: SystemPart = {
  name: "Chromium",
  aptPackages: ["chromium", "chromium-browser"],
  find: () => ["chromium", "chromium-browser", "google-chrome"].map(onPath).find((path) => path !== undefined),
};

export const dotnetSdk: SystemPart = {
  name: "the .NET 10 SDK",
  aptPackages: ["dotnet-sdk-10.0"],
  find: () => {
    const dotnet = onPath("dotnet");
    if (dotnet === undefined) return undefined;
    const sdks = execFileSync(dotnet, ["--list-sdks"], { encoding: "utf8" });
    return sdks.split("\n").some((line) => Number.parseInt(line, 10) >= 10) ? dotnet : undefined;
  },
};

export const systemParts: readonly SystemPart[] = [chromium, dotnetSdk];

function onPath(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
