/**
 * The members of an object under lower-case names: binding payloads are read without case, as Json.NET does for the extensions. Of two
 * spellings the last wins.
 * @returns undefined for anything but a plain object
 */
export function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) return undefined;
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}

/** Text of a scalar; undefined for everything that counts as unset: absent, null, empty. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint" ? String(value) : undefined;
}
