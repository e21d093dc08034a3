import { launchSignalbox, type ProcessOptions } from "./signalbox-process.ts";

export interface DevAppOptions extends Omit<ProcessOptions, "files"> {
  /** Further arguments of `signalbox dev`. Its ports are free ones unless they say otherwise. */
  readonly args?: readonly string[];
  /** Where keys and stored data are. Absent: within the process's folder, thus removed at the end unless that was given. */
  readonly stateFolder?: string;
}

/** A function app under `signalbox dev`, with a service and storage of its own. */
export interface DevApp {
  /** Of the functions host, no trailing slash. */
  readonly url: string;
  /** Of the service. */
  readonly connectionString: string;
  /** Everything the processes have printed so far. */
  output(): string;
  /** Ends it as Ctrl-C does. @returns the exit code */
  stop(): Promise<number | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Arguments that give everything a free port. */
export const freePorts = ["--port", "0", "--service-port", "0", "--service-admin-port", "0", "--storage-port", "0"] as const;

/** Service, host, Azurite and the app itself start one after the other, each on a machine that may be busy. Milliseconds. */
export const devStartLimit = 120_000;

/**
 * Starts `signalbox dev` and waits until the app has been loaded.
 * @param directory of the app, absolute
 * @throws when it ends before, with what it printed
 */
export async function startDevApp(directory: string, options: DevAppOptions = {}): Promise<DevApp> {
  const { args = [], stateFolder = "state", ...processOptions } = options;
  const process = launchSignalbox(
    ["dev", directory, ...freePorts, "--state-folder", stateFolder, ...args],
    devStartLimit,
    processOptions,
  );
  try {
    const [, url] = await process.printed(/The app is at (http\S+)\//);
    const [connectionString] = await process.printed(/Endpoint=\S+/);
    return {
      url: url!,
      connectionString,
      output: process.output,
      stop: process.stop,
      // Azurite is a process of its own, which only an orderly end takes along.
      [Symbol.asyncDispose]: async () => {
        await process.stop();
        await process.dispose();
      },
    };
  } catch (error) {
    await process.dispose();
    throw error;
  }
}
