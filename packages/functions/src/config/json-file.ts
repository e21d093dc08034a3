import { readFile } from "node:fs/promises";
import stripJsonComments from "strip-json-comments";
import { ConfigError } from "./config-error.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON object in which comments, trailing commas and a byte order mark are allowed, as .NET allows them.
 * @param name how sentences call the file, for example `host.json`
 * @throws {ConfigError} when the text is no JSON or holds no object
 */
export function parseJsonObject(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(stripJsonComments(text.replace(/^\uFEFF/, ""), { trailingCommas: true }));
  } catch (error) {
    throw new ConfigError([`${name} is no valid JSON: ${(error as Error).message}.`]);
  }
  if (!isJsonObject(value)) throw new ConfigError([`${name} must hold a JSON object.`]);
  return value;
}

/**
 * Reads a text file that need not exist.
 * @returns undefined when there is none
 * @throws {ConfigError} when it exists and cannot be read
 */
export async function readOptionalText(path: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ConfigError([`${name} cannot be read: ${(error as Error).message}.`]);
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a key in any letter case, the exact spelling first: .NET configuration does not know case. */
export function valueIn(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  const lower = key.toLowerCase();
  const spelled = Object.keys(object).find((candidate) => candidate.toLowerCase() === lower);
  return spelled === undefined ? undefined : object[spelled];
}
