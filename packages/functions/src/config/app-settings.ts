import type { AppSettings } from "../contracts/binding.ts";
import type { LocalSettings } from "./local-settings.ts";

const connectionStringPrefix = "ConnectionStrings:";
const storagePrefix = "AzureWebJobs";

export interface AppSettingSources {
  /** Variables of the host's own environment: they win. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly local?: Pick<LocalSettings, "values" | "connectionStrings">;
  /** Used where neither of the others has a value that is not empty: what the host wires by itself. */
  readonly fallbacks?: Readonly<Record<string, string>>;
  /** Makes of each value what the app gets. */
  readonly translate?: (value: string) => string;
}

/**
 * The settings of one app: environment over `local.settings.json` over what the host supplies (reference functions-host §3.2). Names are
 * looked up as .NET configuration does it: in any letter case, `__` and `:` being the same.
 */
export class LayeredSettings implements AppSettings {
  /** Names in `local.settings.json` that the environment already had; the tools say "Skipping" of each. */
  readonly skipped: readonly string[];
  /** By the names as written. */
  readonly #entries: Readonly<Record<string, string>>;
  readonly #byName = new Map<string, string>();
  readonly #translate: (value: string) => string;

  constructor({ environment, local, fallbacks = {}, translate = (value) => value }: AppSettingSources) {
    this.#translate = translate;
    const merged: Record<string, string> = {};
    const skipped: string[] = [];
    const own = new Map(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
    const fromFile: [string, string][] = [
      ...Object.entries(local?.values ?? {}),
      ...Object.entries(local?.connectionStrings ?? {}).map(([name, value]): [string, string] => [
        connectionStringPrefix + name,
        value,
      ]),
    ];
    for (const [name, value] of fromFile) {
      if (own.has(name)) skipped.push(name);
      else this.#add(merged, name, value);
    }
    for (const [name, value] of own) this.#add(merged, name, value);
    for (const [name, value] of Object.entries(fallbacks)) {
      if (!this.get(name)) this.#add(merged, this.#spelling(merged, name), value);
    }
    this.#entries = merged;
    this.skipped = skipped;
  }

  /** @returns undefined when there is no such setting; an empty one is the empty text */
  get(name: string): string | undefined {
    return this.#byName.get(normal(name));
  }

  /** What the app finds in `process.env`. */
  entries(): Readonly<Record<string, string>> {
    return this.#entries;
  }

  /** A switch: `true` or `1`, in any letter case. */
  isTrue(name: string): boolean {
    const value = this.get(name)?.trim().toLowerCase();
    return value === "true" || value === "1";
  }

  /** Looked up first as `ConnectionStrings:<name>`, then as a setting (reference functions-host §2.3). An empty one counts as absent. */
  connectionString(name: string): string | undefined {
    return this.get(connectionStringPrefix + name) || this.get(name) || undefined;
  }

  /** As `connectionString`, the name with `AzureWebJobs` in front of it first: storage bindings may leave that out. */
  storageConnectionString(name: string): string | undefined {
    return this.connectionString(storagePrefix + name) ?? this.connectionString(name);
  }

  /** Settings whose name starts with `prefix`, in any spelling. The key is the rest of the name, lower-case, with `:` between its parts. */
  under(prefix: string): ReadonlyMap<string, string> {
    const start = normal(prefix);
    const found = new Map<string, string>();
    for (const [name, value] of this.#byName) if (name.startsWith(start)) found.set(name.slice(start.length), value);
    return found;
  }

  #add(merged: Record<string, string>, name: string, value: string): void {
    merged[name] = this.#translate(value);
    this.#byName.set(normal(name), merged[name]);
  }

  /** An empty setting of the app is replaced, not doubled in another spelling. */
  #spelling(merged: Record<string, string>, name: string): string {
    const wanted = normal(name);
    return Object.keys(merged).find((candidate) => normal(candidate) === wanted) ?? name;
  }
}

function normal(name: string): string {
  return name.replaceAll("__", ":").toLowerCase();
}
