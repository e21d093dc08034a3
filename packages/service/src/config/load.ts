import { checkSettings } from "./check.ts";
import { readEnvironment } from "./environment.ts";
import { findSettingsFile, parseSettingsFile, readSettingsText } from "./file.ts";
import { type Flags, readFlags } from "./flags.ts";
import type { Given } from "./given.ts";
import type { Settings } from "./settings.ts";
import { SettingsError } from "./settings-error.ts";

/** Where settings come from, in rising order: defaults, file, environment, flags. */
export interface SettingsSources {
  /** `-c`: a file, or a folder holding `settings.json`. Absent: the variable `SIGNALBOX_CONFIG`, else `settings.json` in `folder` if it is there. */
  readonly config?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly flags?: Flags;
  /** What relative paths start from; the working directory. */
  readonly folder?: string;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** Absolute path of the settings file. */
  readonly file: string;
  /** What it holds; undefined: it is not there. */
  readonly text: string | undefined;
  /** Sentences about what is odd but harms nothing. */
  readonly warnings: readonly string[];
  /** For each setting that some source gave: the name of the source that won. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Reads all sources and checks the result.
 * @throws {SettingsError} naming every problem in a sentence
 */
export function loadSettings(sources: SettingsSources = {}): LoadedSettings {
  const { environment = {}, flags = {}, folder = process.cwd() } = sources;
  const file = findSettingsFile(sources.config ?? (environment.SIGNALBOX_CONFIG || undefined), folder);
  return mergeSettings(file, readSettingsText(file), environment, flags);
}

/**
 * As `loadSettings`, for a file whose text is already at hand.
 * @param text undefined: there is no such file
 * @throws {SettingsError}
 */
export function mergeSettings(
  file: string,
  text: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  flags: Flags,
): LoadedSettings {
  const none: Given = { values: new Map(), problems: [], warnings: [] };
  const given = [text === undefined ? none : parseSettingsFile(text, file), readEnvironment(environment), readFlags(flags)];
  const values = new Map(given.flatMap((source) => [...source.values]));
  const checked = checkSettings(values);
  // All problems at once: nobody likes to learn of them one by one.
  const problems = [...given.flatMap((source) => source.problems), ...checked.problems];
  if (checked.settings === undefined || problems.length > 0) throw new SettingsError(problems);
  return {
    settings: checked.settings,
    file,
    text,
    warnings: given.flatMap((source) => source.warnings),
    origins: new Map([...values].map(([path, { name }]) => [path, name])),
  };
}
