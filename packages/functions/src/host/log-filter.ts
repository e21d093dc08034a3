import type { LogEvent, LogLevel } from "../contracts/invocation.ts";

const ranks: Readonly<Record<string, number>> = {
  trace: 0,
  debug: 1,
  information: 2,
  warning: 3,
  error: 4,
  critical: 5,
  none: 6,
} satisfies Record<LogLevel | "none", number>;

/**
 * Whether an event is to be shown, by host.json `logging.logLevel`: the longest category that the event's begins with decides, else
 * `default`, else information (reference functions-host §3.1). Categories: `Function.<name>.User` (context.log), `Function.<name>`,
 * `Host.Function.Console` and `Host`.
 */
export function createLogFilter(levels: Readonly<Record<string, string>>): (event: LogEvent) => boolean {
  const rules = Object.entries(levels)
    .filter(([, level]) => ranks[level] !== undefined)
    .map(([category, level]) => ({ category: category.toLowerCase(), rank: ranks[level]! }))
    .sort((a, b) => b.category.length - a.category.length);
  const fallback = rules.find(({ category }) => category === "default")?.rank ?? ranks.information!;
  const thresholds = new Map<string, number>();
  return (event) => {
    const category = categoryOf(event);
    let threshold = thresholds.get(category);
    if (threshold === undefined) {
      threshold =
        rules.find((rule) => category === rule.category || category.startsWith(`${rule.category}.`))?.rank ?? fallback;
      thresholds.set(category, threshold);
    }
    return ranks[event.level]! >= threshold;
  };
}

function categoryOf({ category, functionName }: LogEvent): string {
  if (category === "console") return "host.function.console";
  if (functionName === undefined) return "host";
  const own = `function.${functionName.toLowerCase()}`;
  return category === "user" ? `${own}.user` : own;
}
