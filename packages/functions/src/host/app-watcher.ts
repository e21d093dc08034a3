import { extname, relative, resolve, sep } from "node:path";
import { type FSWatcher, watch } from "chokidar";

/** What of an app is watched besides its code. Relative to its folder. */
export interface WatchedFiles {
  readonly directories: readonly string[];
  readonly files: readonly string[];
}

/** Several files change at once when a compiler or an editor writes. Milliseconds. */
const quietTime = 200;

const codeFiles: ReadonlySet<string> = new Set([".js", ".cjs", ".mjs", ".wasm", ".node"]);
const configFiles: ReadonlySet<string> = new Set([
  "host.json",
  "function.json",
  "local.settings.json",
  "proxies.json",
  "package.json",
]);

/** Watches the files of an app whose changes restart it: code, configuration and what host.json names besides. Data is not among them. */
export class AppWatcher {
  readonly #watcher: FSWatcher;
  readonly #changed = new Set<string>();
  #quiet: NodeJS.Timeout | undefined;

  /** @param onChange gets paths relative to the app */
  constructor(directory: string, watched: WatchedFiles, onChange: (files: readonly string[]) => void) {
    this.#watcher = watch(directory, { ignoreInitial: true, ignored: (path) => isSkipped(relative(directory, path)) });
    this.#watcher.on("all", (event, path) => {
      const file = relative(directory, path);
      if (event === "addDir" || !concerns(directory, file, watched)) return;
      this.#changed.add(file);
      clearTimeout(this.#quiet);
      this.#quiet = setTimeout(() => {
        const files = [...this.#changed];
        this.#changed.clear();
        onChange(files);
      }, quietTime);
    });
    // A folder that cannot be watched leaves the host as it is: it restarts less.
    this.#watcher.on("error", () => {});
  }

  /** Resolves when changes from now on are seen. */
  async ready(): Promise<void> {
    await new Promise<void>((done) => this.#watcher.once("ready", () => done()));
  }

  async close(): Promise<void> {
    clearTimeout(this.#quiet);
    await this.#watcher.close();
  }
}

/** Whole folders that no app keeps its own code in: watching them costs much. */
function isSkipped(file: string): boolean {
  return file.split(sep).some((part) => part === "node_modules" || (part.startsWith(".") && part.length > 1 && part !== ".."));
}

function concerns(directory: string, file: string, { directories, files }: WatchedFiles): boolean {
  const name = file.split(sep).at(-1)!;
  if (codeFiles.has(extname(name)) || configFiles.has(name) || files.includes(name)) return true;
  const path = resolve(directory, file);
  return directories.some((folder) => path.startsWith(resolve(directory, folder) + sep));
}
