import { z } from "zod";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./units.ts";

/** What is known about a setting beside its type: one entry feeds flags, environment, error sentences and documentation. */
export interface SettingInfo {
  /** A sentence without its final stop. */
  readonly description: string;
  /** Completes the sentence "port must be …". */
  readonly expects: string;
  /** How text from a flag or the environment becomes a value of the schema. */
  readonly reads: "text" | "number" | "boolean" | "list" | "json";
  /** How the parsed value is written for people; absent: as it is. */
  readonly writes?: (value: number) => string;
  /** Said in place of a default that is computed. */
  readonly defaultText?: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** A change in the settings file takes effect in the running service; otherwise at the next start. */
  readonly reloadable?: boolean;
}

export const settingInfo = z.registry<SettingInfo>();

type Description = Pick<SettingInfo, "description" | "secret" | "reloadable" | "defaultText">;

/** Milliseconds. */
interface TimeRange {
  readonly min?: number;
  readonly max: number;
  readonly zero?: string;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A time: written in seconds or with a unit, kept in milliseconds.
 * @param zero what 0 means, when it means something of its own
 */
export function duration(fallback: string, { min = 0, max, zero, description, ...rest }: Description & TimeRange) {
  return measure(fallback, parseDuration, (value) => (value === 0 && zero !== undefined) || (value >= min && value <= max), {
    ...rest,
    description: zero === undefined ? description : `${description}; 0 ${zero}`,
    expects: `a time from ${formatDuration(min)} to ${formatDuration(max)}${zero !== undefined && min > 0 ? " or 0" : ""}, in seconds or with a unit such as 500ms, 15s, 2m`,
    reads: "text",
    writes: formatDuration,
  });
}

/** A size: written in bytes or with a unit, kept in bytes. */
export function bytes(fallback: string, { min = 1, max = 2 ** 31 - 1, ...description }: Description & Range) {
  return measure(fallback, parseBytes, (value) => value >= min && value <= max, {
    ...description,
    expects: `a size from ${formatBytes(min)} to ${max === 2 ** 31 - 1 ? "2 GiB" : formatBytes(max)}, in bytes or with a unit such as 64KiB, 1MiB`,
    reads: "text",
    writes: formatBytes,
  });
}

function measure(
  fallback: string,
  parse: (value: number | string) => number | undefined,
  inRange: (value: number) => boolean,
  info: SettingInfo,
) {
  return z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const result = parse(value);
      if (result !== undefined && inRange(result)) return result;
      context.issues.push({ code: "custom", message: info.expects, input: value });
      return z.NEVER;
    })
    .prefault(fallback)
    .register(settingInfo, info);
}

/** A whole number. */
export function count(fallback: number, { min = 0, max = Number.MAX_SAFE_INTEGER, ...description }: Description & Range) {
  return z
    .int()
    .min(min)
    .max(max)
    .prefault(fallback)
    .register(settingInfo, { ...description, ...wholeNumber(min, max) });
}

/** A whole number that may be absent. */
export function optionalCount({ min = 0, max = Number.MAX_SAFE_INTEGER, ...description }: Description & Range) {
  return z
    .int()
    .min(min)
    .max(max)
    .optional()
    .register(settingInfo, { ...description, ...wholeNumber(min, max) });
}

function wholeNumber(min: number, max: number): Pick<SettingInfo, "expects" | "reads"> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return { expects: `a whole number ${range}`, reads: "number" };
}

/** On or off. */
export function toggle(fallback: boolean, description: Description) {
  return z
    .boolean()
    .prefault(fallback)
    .register(settingInfo, { ...description, expects: "true or false", reads: "boolean" });
}

/** One of a few words. */
export function choice<const T extends readonly [string, ...string[]]>(
  words: T,
  fallback: T[number],
  description: Description,
) {
  return z
    .enum(words)
    .prefault(fallback as z.input<z.ZodEnum<{ [K in T[number]]: K }>>)
    .register(settingInfo, { ...description, expects: `one of ${words.join(", ")}`, reads: "text" });
}

/**
 * Turns the text of a flag or an environment variable into what the setting's schema takes. Text that does not fit is left as it is,
 * so that the schema refuses it in the words it has for a file.
 */
export function readText(info: SettingInfo, text: string): unknown {
  const trimmed = text.trim();
  switch (info.reads) {
    case "text":
      return trimmed;
    case "number":
      return /^[+-]?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
    case "boolean":
      return booleans.get(trimmed.toLowerCase()) ?? trimmed;
    case "list":
      return trimmed
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
    case "json":
      return jsonOrText(trimmed);
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
