import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** When a timer ran and will run, so that a run missed while the host was down is made up for. */
export interface TimerStatus {
  readonly last: Date | undefined;
  readonly next: Date | undefined;
}

/** Where the status of timers outlives the host. */
export interface TimerStatusStore {
  read(functionName: string): Promise<TimerStatus | undefined>;
  write(functionName: string, status: TimerStatus): Promise<void>;
}

/** One JSON file a timer. A file that cannot be read counts as none. */
export class TimerStatusFiles implements TimerStatusStore {
  readonly #folder: () => Promise<string>;

  /** @param folder gives the path of the folder, which it makes when it is missing */
  constructor(folder: () => Promise<string>) {
    this.#folder = folder;
  }

  async read(functionName: string): Promise<TimerStatus | undefined> {
    try {
      const { Last, Next } = JSON.parse(await readFile(await this.#file(functionName), "utf8"));
      return { last: dateOf(Last), next: dateOf(Next) };
    } catch {
      return undefined;
    }
  }

  async write(functionName: string, { last, next }: TimerStatus): Promise<void> {
    const file = await this.#file(functionName);
    await writeFile(`${file}.new`, JSON.stringify({ Last: last?.toISOString(), Next: next?.toISOString() }));
    await rename(`${file}.new`, file);
  }

  async #file(functionName: string): Promise<string> {
    return join(await this.#folder(), `${functionName.toLowerCase()}.json`);
  }
}

function dateOf(value: unknown): Date | undefined {
  const date = typeof value === "string" ? new Date(value) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}
