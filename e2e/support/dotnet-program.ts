import { execFile } from "node:child_process";
import { mkdir, rmdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { HubProgram } from "./hub-server.ts";
import { root } from "./repository.ts";

const run = promisify(execFile);

/** A program in `e2e/dotnet`, built: a list of named cases (`harness/Cases.cs`). */
export interface DotnetProgram {
  readonly cases: readonly string[];
  /**
   * Runs all cases.
   * @param control answers what a case asks of the test (`restart`, `cut`, …)
   * @returns by name of the case its error, null when it passed
   */
  run(connectionString: string, control: (wish: string) => Promise<string>): Promise<ReadonlyMap<string, string | null>>;
}

/**
 * Folder of NuGet packages that the feed of this machine may lack, such as SDKs built from their sources. The program that uses one of them
 * is built with whatever version lies there.
 */
const packageFolder = process.env.SIGNALBOX_NUGET_FOLDER;

/** The environment that .NET programs are built and run in. */
const env = {
  ...process.env,
  DOTNET_NOLOGO: "1",
  DOTNET_CLI_TELEMETRY_OPTOUT: "1",
  ...(packageFolder === undefined ? {} : { RestoreAdditionalProjectSources: packageFolder }),
};

/** Builds within this run, which has a temporary folder of its own, go one after the other: they share projects, and so the files they write. */
async function alone<T>(build: () => Promise<T>): Promise<T> {
  const lock = join(tmpdir(), "dotnet-build");
  while (!(await made(lock))) await sleep(100);
  return build().finally(() => rmdir(lock));
}

/** @returns false when the folder exists */
async function made(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Builds a program in `e2e/dotnet`.
 * @returns false when the NuGet feed of this machine does not serve one of `mayLack`
 */
async function build(dotnet: string, project: string, ...mayLack: readonly string[]): Promise<boolean> {
  try {
    // Servers that would speed up the next build would outlive the tests.
    await alone(() => run(dotnet, ["build", project, "--nologo", "--verbosity", "quiet", "--disable-build-servers"], { env }));
    return true;
  } catch (error) {
    const output = (error as { stdout?: string }).stdout ?? String(error);
    const missing = mayLack.map((name) => name.replaceAll(".", "\\.")).join("|");
    if (missing !== "" && new RegExp(`NU110[123].*(${missing})`).test(output)) return false;
    throw new Error(`dotnet build ${project}:\n${output}`);
  }
}

/** The official app-server SDK. */
export const appServerSdk = "Microsoft.Azure.SignalR";

/**
 * Builds `dotnet/app-server`, which can host the hub of `test-hub.md` by itself and behind the service.
 * @returns undefined when the NuGet feed of this machine does not serve the SDK
 */
export async function buildAppServer(dotnet: string): Promise<HubProgram | undefined> {
  return (await build(dotnet, join(root, "e2e/dotnet/app-server"), appServerSdk))
    ? { command: dotnet, args: [assembly("AppServer")] }
    : undefined;
}

/** The scripts of Blazor's pages, which the .NET SDK takes from the feed. */
export const blazorAssets = "Microsoft.AspNetCore.App.Internal.Assets";

/**
 * Builds `dotnet/blazor-app`, a page of Blazor Server.
 * @returns undefined when the NuGet feed of this machine lacks the SDK, or the page's scripts
 */
export async function buildBlazorApp(dotnet: string): Promise<HubProgram | undefined> {
  return (await build(dotnet, join(root, "e2e/dotnet/blazor-app"), appServerSdk, blazorAssets))
    ? { command: dotnet, args: [assembly("BlazorApp")] }
    : undefined;
}

function assembly(name: string): string {
  return join(root, `e2e/dotnet/bin/bin/${name}/debug/${name}.dll`);
}

/** @returns undefined when the NuGet feed of this machine does not serve `mayLack` */
export async function buildDotnetProgram(dotnet: string, folder: string, mayLack?: string): Promise<DotnetProgram | undefined> {
  const project = join(root, "e2e/dotnet", folder);
  if (!(await build(dotnet, project, ...(mayLack === undefined ? [] : [mayLack])))) return undefined;
  const start = (args: readonly string[]) =>
    run(dotnet, ["run", "--no-build", "--project", project, "--", ...args], { env, maxBuffer: 1 << 26 });
  const cases: readonly string[] = JSON.parse((await start(["list"])).stdout);
  return {
    cases,
    run: async (connectionString, control) => {
      const server = createServer(async (request, response) => {
        try {
          response.end(await control(request.url!.slice(1)));
        } catch (error) {
          response.writeHead(500).end(String(error));
        }
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const { stdout } = await start([connectionString, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`]);
        const results = stdout.trim().split("\n");
        return new Map(
          results.map((line) => {
            const { name, error } = JSON.parse(line) as { name: string; error: string | null };
            return [name, error];
          }),
        );
      } finally {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}
