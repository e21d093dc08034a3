import { basename } from "node:path";
import { ConfigError } from "../config/config-error.ts";
import type { LoadedApp } from "../contracts/app-host.ts";
import type { FunctionDefinition, LoadProblem } from "../contracts/function-definition.ts";
import { type AppFiles, readAppFiles } from "./app-files.ts";
import type { AppProcess } from "./app-process.ts";
import type { LoadedMessage } from "./messages.ts";
import { toDefinition } from "./registration.ts";

export interface AppLoadOptions {
  /** Absolute. */
  readonly root: string;
  readonly hostVersion: string;
  /** Milliseconds for all files together, of one attempt. */
  readonly loadTimeoutMs: number;
  readonly startProcess: () => Promise<AppProcess>;
  /** False: loading has become pointless, the attempt is the last. */
  readonly wanted: () => boolean;
}

/** A load that ended; without a process it failed as a whole. */
export interface AppLoad {
  readonly app: LoadedApp;
  readonly process: AppProcess | undefined;
}

/**
 * Loads an app in a new process. A file that kills the process (`process.exit`, an endless loop) is left out and the rest loaded anew, in
 * another process, so that it costs nobody else anything.
 *
 * @param fatalFiles files to leave out, and why; files found out now are added
 * @throws {Error} when the directory is not there or no process can be started
 */
export async function loadAppProcess(options: AppLoadOptions, fatalFiles: Map<string, string>): Promise<AppLoad> {
  const files = await readAppFiles(options.root);
  for (;;) {
    const process = await options.startProcess();
    const outcome = await process.load(
      {
        type: "load",
        root: options.root,
        hostVersion: options.hostVersion,
        hasPackageFile: files.hasPackageFile,
        entryPoints: files.entryPoints.filter(({ file }) => !fatalFiles.has(file)),
        functions: files.functions.filter(({ definition }) => !fatalFiles.has(definition.scriptFile)),
      },
      options.loadTimeoutMs,
    );
    if ("loaded" in outcome) return { app: toLoadedApp(options.root, files, outcome.loaded, fatalFiles), process };
    const { died, file } = outcome;
    if (file === undefined || fatalFiles.has(file) || !options.wanted()) {
      const problem = { message: `The app could not be loaded: its process ended. ${died}` };
      return { app: { functions: [], problems: [...files.problems, problem], model: "v3" }, process: undefined };
    }
    fatalFiles.set(file, died);
  }
}

function toLoadedApp(root: string, files: AppFiles, loaded: LoadedMessage, fatalFiles: ReadonlyMap<string, string>): LoadedApp {
  const problems: LoadProblem[] = [...files.problems, ...loaded.problems];
  for (const { file } of files.entryPoints) {
    const died = fatalFiles.get(file);
    if (died !== undefined)
      problems.push({ file, message: `The entry point "${basename(file)}" ends the app's process. ${died}` });
  }
  const functions = loaded.model === "v4" ? registered(root, loaded, problems) : scripted(files, loaded, fatalFiles, problems);
  const { model, httpUri, libraryVersion } = loaded;
  return {
    functions,
    problems,
    model,
    ...(httpUri === undefined ? {} : { httpUri }),
    ...(libraryVersion === undefined ? {} : { libraryVersion }),
  };
}

function scripted(
  files: AppFiles,
  loaded: LoadedMessage,
  fatalFiles: ReadonlyMap<string, string>,
  problems: LoadProblem[],
): FunctionDefinition[] {
  problems.push(...files.functionProblems);
  const handlers = new Set(loaded.handlers);
  const functions: FunctionDefinition[] = [];
  for (const { definition } of files.functions) {
    const { name: functionName, scriptFile: file } = definition;
    const died = fatalFiles.get(file);
    if (died !== undefined) problems.push({ functionName, file, message: `Its script ends the app's process. ${died}` });
    else if (handlers.has(functionName)) functions.push(definition);
  }
  return functions;
}

function registered(root: string, loaded: LoadedMessage, problems: LoadProblem[]): FunctionDefinition[] {
  const functions: FunctionDefinition[] = [];
  const names = new Map<string, string>();
  for (const registration of loaded.registrations) {
    const { name: functionName, scriptFile: file } = registration;
    try {
      const other = names.get(functionName.toLowerCase());
      if (other !== undefined) {
        throw new ConfigError([`The name "${functionName}" is taken by "${other}": names differ in more than letter case.`]);
      }
      functions.push(toDefinition(registration, root));
      names.set(functionName.toLowerCase(), functionName);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push({ functionName, file, message: error.message });
    }
  }
  return functions;
}
