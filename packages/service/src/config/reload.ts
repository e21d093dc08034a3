import { isDeepStrictEqual } from "node:util";
import { catalogue, nested, valueAt } from "./catalogue.ts";
import { type LoadedSettings, mergeSettings, type SettingsSources } from "./load.ts";
import type { Settings } from "./settings.ts";
import { SettingsError } from "./settings-error.ts";
import { type Watcher, watchText } from "./text-watch.ts";

/** What a changed settings file means for a running service. */
export interface SettingsChange {
  /** The running settings with every reloadable change applied. */
  readonly settings: Settings;
  /** Paths of the settings that changed and take effect. */
  readonly effective: readonly string[];
  /** Paths of the settings that changed and wait for a restart. */
  readonly waiting: readonly string[];
  readonly warnings: readonly string[];
  /** For each setting that some source gives now: the name of the source that won. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Follows the settings file, also one that is not there yet. Sources keep their order: what a flag or the environment says goes on
 * winning over the file. A change is reported within 2.5 s; unusable content, and the disappearance of the file, leave the settings
 * as they are.
 * @param loaded the settings at start, from the same sources
 * @param onError the file cannot be used; the message is fit to be shown
 */
export function watchSettings(
  loaded: LoadedSettings,
  sources: Pick<SettingsSources, "environment" | "flags">,
  onChange: (change: SettingsChange) => void,
  onError: (error: SettingsError) => void,
): Watcher {
  let running = loaded.settings;
  return watchText(
    loaded.file,
    loaded.text,
    (text) => {
      if (text === undefined)
        return onError(new SettingsError([`The settings file ${loaded.file} is gone; what it said stays in force.`]));
      try {
        const next = mergeSettings(loaded.file, text, sources.environment ?? {}, sources.flags ?? {});
        const change = changeOf(running, next);
        running = change.settings;
        onChange(change);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        onError(error);
      }
    },
    (error) => onError(new SettingsError([`The settings file ${loaded.file} cannot be read: ${error.message}.`])),
  );
}

function changeOf(running: Settings, next: LoadedSettings): SettingsChange {
  const changed = catalogue.filter(({ path }) => !isDeepStrictEqual(valueAt(running, path), valueAt(next.settings, path)));
  const reloads = new Set(changed.filter(({ info }) => info.reloadable));
  return {
    settings: nested(
      catalogue.map((entry) => [entry.path, valueAt(reloads.has(entry) ? next.settings : running, entry.path)]),
    ) as Settings,
    effective: [...reloads].map(({ path }) => path),
    waiting: changed.filter((entry) => !reloads.has(entry)).map(({ path }) => path),
    warnings: next.warnings,
    origins: next.origins,
  };
}
