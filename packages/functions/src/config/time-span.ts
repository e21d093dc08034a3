const pattern = /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/**
 * Reads a .NET time span: `hh:mm`, `hh:mm:ss`, `d.hh:mm:ss`, with up to seven digits of a second, or whole days (`3`).
 * @returns milliseconds, negative for a negative span; undefined for anything else
 */
export function parseTimeSpan(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^-?\d{1,7}$/.test(trimmed)) return Number(trimmed) * 86_400_000;
  const match = pattern.exec(trimmed);
  if (match === null) return undefined;
  const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0", fraction = "0"] = match;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const whole = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  const total = whole * 1000 + Number(`0.${fraction}`) * 1000;
  return sign === undefined ? total : -total;
}
