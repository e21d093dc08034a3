import { z } from "zod";
import { type SettingInfo, settingInfo } from "./setting.ts";
import { settingsSchema } from "./settings.ts";

/** One setting with the names it goes by: `clients.keepAliveInterval`, `--clients-keep-alive-interval`, `SIGNALBOX_CLIENTS_KEEP_ALIVE_INTERVAL`. */
export interface SettingEntry {
  readonly path: string;
  readonly flag: string;
  readonly variable: string;
  /** As a person would write it; undefined: none. */
  readonly fallback: unknown;
  readonly info: SettingInfo;
}

/** A group of settings: names to entries and inner groups. */
export interface SettingGroup {
  readonly [name: string]: SettingEntry | SettingGroup;
}

/** The schema as a tree of settings. */
export const settingTree: SettingGroup = groupOf(settingsSchema.shape, []);

/** Every setting, in the order of the schema. */
export const catalogue: readonly SettingEntry[] = [...entriesOf(settingTree)];

export const entriesByPath: ReadonlyMap<string, SettingEntry> = new Map(catalogue.map((entry) => [entry.path, entry]));

export function isEntry(node: SettingEntry | SettingGroup): node is SettingEntry {
  return typeof node.path === "string";
}

/** The value at `clients.keepAliveInterval` inside nested objects. */
export function valueAt(settings: object, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], settings);
}

/** Nested objects from paths and values. */
export function nested(values: Iterable<readonly [path: string, value: unknown]>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const names = path.split(".");
    let group = root;
    for (const name of names.slice(0, -1)) {
      group[name] ??= {};
      group = group[name] as Record<string, unknown>;
    }
    group[names.at(-1)!] = value;
  }
  return root;
}

function groupOf(shape: Readonly<Record<string, z.core.$ZodType>>, prefix: readonly string[]): SettingGroup {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => {
      const names = [...prefix, name];
      const info = settingInfo.get(schema);
      if (info !== undefined) return [name, entryOf(names, schema, info)];
      const inner = withoutFallback(schema);
      if (inner instanceof z.ZodObject) return [name, groupOf(inner.shape, names)];
      throw new Error(`Setting ${names.join(".")} is not described.`);
    }),
  );
}

function entryOf(names: readonly string[], schema: z.core.$ZodType, info: SettingInfo): SettingEntry {
  const words = names.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)).join("-");
  return {
    path: names.join("."),
    flag: `--${words}`,
    variable: `SIGNALBOX_${words.replaceAll("-", "_").toUpperCase()}`,
    fallback: schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined,
    info,
  };
}

function withoutFallback(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPrefault ? schema.def.innerType : schema;
}

function* entriesOf(group: SettingGroup): Generator<SettingEntry> {
  for (const node of Object.values(group)) {
    if (isEntry(node)) yield node;
    else yield* entriesOf(node);
  }
}
