/**
 * .NET format strings of binding expressions (`{datetime:yyyy-MM-dd}`, `{rand-guid:N}`, `{n:D4}`), in the invariant culture and UTC.
 */

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

/** What a date becomes without a format: fit for a blob's name (reference functions-host §2.1). */
export const defaultDateFormat = "yyyy-MM-ddTHH-mm-ssK";

const standardDateFormats: Readonly<Record<string, string>> = {
  d: "MM/dd/yyyy",
  D: "dddd, dd MMMM yyyy",
  f: "dddd, dd MMMM yyyy HH:mm",
  F: "dddd, dd MMMM yyyy HH:mm:ss",
  g: "MM/dd/yyyy HH:mm",
  G: "MM/dd/yyyy HH:mm:ss",
  M: "MMMM dd",
  m: "MMMM dd",
  o: "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
  O: "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
  r: "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
  R: "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
  s: "yyyy-MM-dd'T'HH:mm:ss",
  t: "HH:mm",
  T: "HH:mm:ss",
  u: "yyyy-MM-dd HH:mm:ss'Z'",
  y: "yyyy MMMM",
  Y: "yyyy MMMM",
};

/** Quoted text, an escaped character, `%` before a single letter, or a run of one letter. */
const dateToken = /'([^']*)'|"([^"]*)"|\\(.)|%?((d|f|F|g|h|H|K|m|M|s|t|y|z)\5*)|./gs;

/** @throws {RangeError} for a single letter that is no standard format */
export function formatDate(date: Date, format: string): string {
  if (format.length === 1) {
    const standard = standardDateFormats[format];
    if (standard === undefined) throw new RangeError(`"${format}" is no date format.`);
    return formatDate(date, standard);
  }
  return format.replace(dateToken, (all, single, double, escaped, run) => {
    if (run !== undefined) return datePart(date, run);
    return single ?? double ?? escaped ?? all;
  });
}

function datePart(date: Date, run: string): string {
  const count = run.length;
  const number = (value: number) => String(value).padStart(Math.min(count, 2), "0");
  const hour12 = date.getUTCHours() % 12 || 12;
  // Seven digits of a second, of which a JavaScript date knows three.
  const fraction = `${String(date.getUTCMilliseconds()).padStart(3, "0")}0000`.slice(0, Math.min(count, 7));
  switch (run[0]) {
    case "d":
      if (count >= 4) return days[date.getUTCDay()]!;
      return count === 3 ? days[date.getUTCDay()]!.slice(0, 3) : number(date.getUTCDate());
    case "M":
      if (count >= 4) return months[date.getUTCMonth()]!;
      return count === 3 ? months[date.getUTCMonth()]!.slice(0, 3) : number(date.getUTCMonth() + 1);
    case "y":
      if (count <= 2) return number(date.getUTCFullYear() % 100);
      return String(date.getUTCFullYear()).padStart(count, "0");
    case "H":
      return number(date.getUTCHours());
    case "h":
      return number(hour12);
    case "m":
      return number(date.getUTCMinutes());
    case "s":
      return number(date.getUTCSeconds());
    case "f":
      return fraction;
    case "F":
      return fraction.replace(/0+$/, "");
    case "t":
      return (date.getUTCHours() < 12 ? "AM" : "PM").slice(0, count);
    case "K":
      return "Z".repeat(count);
    case "z":
      return count === 1 ? "+0" : count === 2 ? "+00" : "+00:00";
    default:
      return "A.D.";
  }
}

/**
 * @param guid lower-case with hyphens
 * @throws {RangeError} for a format other than N, D, B, P
 */
export function formatGuid(guid: string, format: string): string {
  switch (format.toUpperCase()) {
    case "N":
      return guid.replaceAll("-", "");
    case "D":
      return guid;
    case "B":
      return `{${guid}}`;
    case "P":
      return `(${guid})`;
    default:
      throw new RangeError(`"${format}" is no format of a GUID; there are N, D, B and P.`);
  }
}

const standardNumberFormat = /^([dfgnx])(\d{0,2})$/i;
const customNumberFormat = /^[0#,]*[0#](?:\.[0#]+)?$/;

/** @throws {RangeError} for a format that is neither D, F, G, N, X with digits nor made of `0`, `#`, `,` and `.` */
export function formatNumber(value: number, format: string): string {
  const match = standardNumberFormat.exec(format);
  if (match !== null) return standardNumber(value, match[1]!, match[2] === "" ? undefined : Number(match[2]));
  if (!customNumberFormat.test(format)) throw new RangeError(`"${format}" is no format of a number.`);
  const [whole = "", fraction = ""] = format.split(".");
  return value.toLocaleString("en-US", {
    minimumIntegerDigits: Math.min(21, Math.max(1, whole.replaceAll(/[^0]/g, "").length)),
    minimumFractionDigits: Math.min(20, fraction.replaceAll("#", "").length),
    maximumFractionDigits: Math.min(20, fraction.length),
    useGrouping: whole.includes(","),
  });
}

function standardNumber(value: number, letter: string, digits: number | undefined): string {
  switch (letter.toLowerCase()) {
    case "d": {
      if (!Number.isInteger(value)) throw new RangeError("Format D is for whole numbers.");
      const text = String(Math.abs(value)).padStart(digits ?? 0, "0");
      return value < 0 ? `-${text}` : text;
    }
    case "x": {
      if (!Number.isInteger(value)) throw new RangeError("Format X is for whole numbers.");
      const text = BigInt.asUintN(value < -0x8000_0000 ? 64 : value < 0 ? 32 : 64, BigInt(value)).toString(16);
      return (letter === "X" ? text.toUpperCase() : text).padStart(digits ?? 0, "0");
    }
    case "f":
      return value.toFixed(digits ?? 2);
    case "n":
      return value.toLocaleString("en-US", { minimumFractionDigits: digits ?? 2, maximumFractionDigits: digits ?? 2 });
    default:
      return digits === undefined || digits === 0 ? String(value) : String(Number(value.toPrecision(Math.min(digits, 100))));
  }
}
