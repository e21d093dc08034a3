import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { LogEvent } from "../contracts/invocation.ts";
import type { LoadedFunctions } from "./app-edition.ts";
import { type FunctionsHost, type FunctionsHostOptions, startFunctionsHost } from "./functions-host.ts";

const require = createRequire(import.meta.url);

/** Path within the app → content; what is no text becomes JSON. */
export type AppFiles = Readonly<Record<string, unknown>>;

/** An app in a folder of its own, with a real `@azure/functions` 4. Gone after the test. */
export function createApp(files: AppFiles): string {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-app-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const scope = join(folder, "node_modules", "@azure");
  mkdirSync(scope, { recursive: true });
  symlinkSync(dirname(require.resolve("azure-functions-v4/package.json")), join(scope, "functions"));
  writeFiles(folder, { "host.json": { version: "2.0" }, "package.json": { main: "src/*.js" }, ...files });
  return folder;
}

export function writeFiles(folder: string, files: AppFiles): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

export interface StartedHost {
  readonly host: FunctionsHost;
  readonly events: readonly LogEvent[];
  /** Every load so far. */
  readonly loads: readonly LoadedFunctions[];
  /** Messages of the log. */
  lines(): readonly string[];
  call(path: string, init?: RequestInit): Promise<Response>;
}

/** A host on a free port, which ends with the test. */
export async function startHost(directory: string, options: Partial<FunctionsHostOptions> = {}): Promise<StartedHost> {
  const events: LogEvent[] = [];
  const loads: LoadedFunctions[] = [];
  const host = await startFunctionsHost({
    directory,
    port: 0,
    environment: { PATH: process.env.PATH },
    log: (event) => events.push(event),
    onLoaded: (loaded) => loads.push(loaded),
    ...options,
  });
  onTestFinished(() => host.stop({ graceMs: 1000 }));
  return {
    host,
    events,
    loads,
    lines: () => events.map(({ message }) => message),
    call: (path, init) => fetch(`${host.url}${path}`, init),
  };
}
