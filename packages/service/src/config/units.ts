/** Milliseconds in one of each unit that a duration may be written in. */
const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const bytes: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1_024,
  mib: 1_048_576,
  gib: 1_073_741_824,
};

/**
 * Reads a duration: a number of seconds, or text with a unit (`500ms`, `15s`, `1.5m`, `2h`, `7d`); text without a unit is seconds.
 * @returns whole milliseconds, undefined for anything else
 */
export function parseDuration(value: number | string): number | undefined {
  return scaled(value, milliseconds, "s");
}

/**
 * Reads a size: a number of bytes, or text with a unit (`64KiB`, `1MiB`, `10MB`, case-insensitive); text without a unit is bytes.
 * @returns whole bytes, undefined for anything else
 */
export function parseBytes(value: number | string): number | undefined {
  return scaled(value, bytes, "b");
}

/** The shortest exact spelling that `parseDuration` reads back: 90,000 is `90s`, 300,000 is `5m`. */
export function formatDuration(value: number): string {
  if (value === 0) return "0s";
  const unit = (["d", "h", "m", "s"] as const).find((unit) => value % milliseconds[unit]! === 0) ?? "ms";
  return `${value / milliseconds[unit]!}${unit}`;
}

/** The shortest exact spelling that `parseBytes` reads back: 1,048,576 is `1MiB`, 100,000 is `100000`. */
export function formatBytes(value: number): string {
  const unit =
    value === 0 ? undefined : (["GiB", "MiB", "KiB"] as const).find((unit) => value % bytes[unit.toLowerCase()]! === 0);
  return unit === undefined ? String(value) : `${value / bytes[unit.toLowerCase()]!}${unit}`;
}

function scaled(value: number | string, units: Readonly<Record<string, number>>, bare: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(typeof value === "number" ? decimal(value) : value);
  if (match === null) return undefined;
  const unit = match[2] === "" ? bare : match[2]!.toLowerCase();
  const factor = Object.hasOwn(units, unit) ? units[unit]! : undefined;
  if (factor === undefined) return undefined;
  const result = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(result) ? result : undefined;
}

/** Without an exponent, which the pattern does not know: 1e-7 becomes 0.0000001. */
function decimal(value: number): string {
  return Number.isFinite(value) && value >= 0 ? value.toFixed(6) : "";
}
