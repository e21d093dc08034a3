import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import stripJsonComments from "strip-json-comments";
import { entriesByPath, isEntry, type SettingGroup, settingTree } from "./catalogue.ts";
import type { Given, GivenValue } from "./given.ts";
import { SettingsError } from "./settings-error.ts";
import { didYouMean } from "./suggestion.ts";

/** Other spellings of a setting, in lower case (reference serverless-upstream §2.1): the emulator's, the raw-WebSocket page's, Azure's. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["upstreamsettings.templates", "upstream.templates"],
  ["templates", "upstream.templates"],
  ["properties.upstream.templates", "upstream.templates"],
  ["serverless.connectiontimeoutinseconds", "clients.clientTimeout"],
  ["serverless.keepaliveintervalinseconds", "clients.keepAliveInterval"],
  ["serverless.maxclientconnectionlifetimeinseconds", "clients.maxLifetime"],
  ["properties.serverless.connectiontimeoutinseconds", "clients.clientTimeout"],
  ["properties.serverless.keepaliveintervalinseconds", "clients.keepAliveInterval"],
  ["properties.serverless.maxclientconnectionlifetimeinseconds", "clients.maxLifetime"],
]);

/** Sections of .NET configuration that may stand in an emulator's file, and the key by which editors find a JSON Schema. */
const foreign: ReadonlySet<string> = new Set(["logging", "allowedhosts", "kestrel"]);

/**
 * Finds the settings file: `config` as a file, or a folder holding `settings.json`; without it `settings.json` in `folder`, which need
 * not exist (reference serverless-upstream §7).
 * @returns the absolute path, existing or not
 * @throws {SettingsError} when `config` names neither
 */
export function findSettingsFile(config: string | undefined, folder: string): string {
  if (config === undefined) return resolve(folder, "settings.json");
  const path = resolve(folder, config);
  const candidates = [path, join(path, "settings.json")];
  const found = candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  if (found === undefined)
    throw new SettingsError([`There is no settings file ${path}, nor a settings.json in a folder of that name.`]);
  return found;
}

/**
 * Reads a file's text.
 * @returns undefined when there is none
 * @throws {SettingsError} when it cannot be read
 */
export function readSettingsText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    throw new SettingsError([`The settings file ${path} cannot be read: ${(error as Error).message}.`]);
  }
}

/**
 * Settings from JSON text, in which comments and trailing commas are allowed as .NET allows them. Keys in any letter case.
 * @param path names the file in sentences
 */
export function parseSettingsFile(text: string, path: string): Given {
  const problems: string[] = [];
  const warnings: string[] = [];
  const values = new Map<string, GivenValue>();
  const root = parseJson(text, path);
  if (!isObject(root)) return { values, problems: [`The settings file ${path} must hold a JSON object.`], warnings };
  collect(root, settingTree, "");
  return { values, problems, warnings };

  function collect(object: object, group: SettingGroup, prefix: string): void {
    for (const [key, value] of Object.entries(object)) {
      const written = `${prefix}${key}`;
      const name = Object.keys(group).find((known) => known.toLowerCase() === key.toLowerCase());
      const node = name === undefined ? undefined : group[name];
      const alias = aliases.get(written.toLowerCase());
      if (alias !== undefined) take(alias, value, written);
      else if (node !== undefined && isEntry(node)) take(node.path, value, written);
      else if (node === undefined && !isAliasPrefix(written)) unknown(written, prefix);
      else if (!isObject(value)) problems.push(`${written} in ${path} must be an object.`);
      else collect(value, node ?? {}, `${node === undefined ? written : prefix + name}.`);
    }
  }

  function take(setting: string, value: unknown, written: string): void {
    const name = `${written} in ${path}`;
    // A null takes nothing away in .NET configuration, and neither does it here.
    if (value === null) return;
    if (values.has(setting))
      problems.push(`${name} repeats ${values.get(setting)!.name.replace(/ in .*/, "")}: only one of them can hold.`);
    values.set(setting, { value, name });
  }

  function unknown(written: string, prefix: string): void {
    if (written === "$schema") return;
    if (prefix === "" && foreign.has(written.toLowerCase())) warnings.push(`${written} in ${path} is not used by Signalbox.`);
    else problems.push(`${written} in ${path} is no setting${didYouMean(written, entriesByPath.keys())}`);
  }
}

function isAliasPrefix(written: string): boolean {
  const start = `${written.toLowerCase()}.`;
  return [...aliases.keys()].some((alias) => alias.startsWith(start));
}

function parseJson(text: string, path: string): unknown {
  try {
    // A byte order mark is what Windows editors leave.
    return JSON.parse(stripJsonComments(text.replace(/^\uFEFF/, ""), { trailingCommas: true }));
  } catch (error) {
    throw new SettingsError([`The settings file ${path} is no valid JSON: ${(error as Error).message}.`]);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
