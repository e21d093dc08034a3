import { entriesByPath } from "./catalogue.ts";
import type { Given, GivenValue } from "./given.ts";
import { readText } from "./setting.ts";

/** Settings from the command line: path to what was written behind the flag; `true` and `false` for flags without a value. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** The command line refuses unknown flags itself, so every path here is one of the catalogue. */
export function readFlags(flags: Flags): Given {
  const values = new Map<string, GivenValue>();
  for (const [path, text] of Object.entries(flags)) {
    const entry = entriesByPath.get(path);
    if (entry === undefined || text === undefined) continue;
    values.set(path, { value: typeof text === "string" ? readText(entry.info, text) : text, name: entry.flag });
  }
  return { values, problems: [], warnings: [] };
}
