/** Inline constraints of route templates, as ASP.NET Core has them (reference functions-host §2.2). */
export type RouteConstraint = (value: string) => boolean;

const whole = /^[+-]?\d+$/;
const real = /^[+-]?(?:\d+(?:,\d{3})*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const guid = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\{[0-9a-f-]{36}\}|\([0-9a-f-]{36}\))$/i;
const hasExtension = /[^./][^/]*\.[^./]+$|^\.[^./]+$/;

type Make = (values: readonly string[], text: string) => RouteConstraint | undefined;

const makers: Readonly<Record<string, Make>> = {
  int: plain((value) => whole.test(value) && fits(value, -(2n ** 31n), 2n ** 31n - 1n)),
  long: plain((value) => whole.test(value) && fits(value, -(2n ** 63n), 2n ** 63n - 1n)),
  bool: plain((value) => /^(?:true|false)$/i.test(value)),
  datetime: plain((value) => /\d/.test(value) && !Number.isNaN(Date.parse(value))),
  decimal: plain((value) => real.test(value) && !/e/i.test(value)),
  double: plain((value) => real.test(value)),
  float: plain((value) => real.test(value)),
  guid: plain((value) => guid.test(value)),
  alpha: plain((value) => /^[a-z]*$/i.test(value)),
  required: plain((value) => value !== ""),
  file: plain((value) => hasExtension.test(value)),
  nonfile: plain((value) => !hasExtension.test(value)),
  minlength: sized(
    1,
    ([min]) =>
      (value) =>
        value.length >= min!,
  ),
  maxlength: sized(
    1,
    ([max]) =>
      (value) =>
        value.length <= max!,
  ),
  length: (values, text) =>
    values.length === 1
      ? sized(
          1,
          ([size]) =>
            (value) =>
              value.length === size,
        )(values, text)
      : sized(
          2,
          ([min, max]) =>
            (value) =>
              value.length >= min! && value.length <= max!,
        )(values, text),
  min: sized(
    1,
    ([min]) =>
      (value) =>
        whole.test(value) && BigInt(value.replace("+", "")) >= BigInt(min!),
  ),
  max: sized(
    1,
    ([max]) =>
      (value) =>
        whole.test(value) && BigInt(value.replace("+", "")) <= BigInt(max!),
  ),
  range: sized(
    2,
    ([min, max]) =>
      (value) =>
        whole.test(value) && fits(value, BigInt(min!), BigInt(max!)),
  ),
  regex: (_, text) => {
    try {
      const pattern = new RegExp(text, "i");
      return (value) => pattern.test(value);
    } catch {
      return undefined;
    }
  },
};

/**
 * @param text what stands between its parentheses; undefined: it has none
 * @returns undefined when there is no such constraint, or not with these arguments
 */
export function makeConstraint(name: string, text: string | undefined): RouteConstraint | undefined {
  const lower = name.toLowerCase();
  const make = Object.hasOwn(makers, lower) ? makers[lower] : undefined;
  const values = text === undefined ? [] : text.split(",").map((value) => value.trim());
  return make?.(values, text ?? "");
}

function plain(constraint: RouteConstraint): Make {
  return (values) => (values.length === 0 ? constraint : undefined);
}

function sized(count: number, make: (numbers: readonly number[]) => RouteConstraint): Make {
  return (values) => {
    if (values.length !== count || !values.every((value) => whole.test(value))) return undefined;
    return make(values.map(Number));
  };
}

function fits(text: string, min: bigint, max: bigint): boolean {
  const value = BigInt(text.replace("+", ""));
  return value >= min && value <= max;
}
