import type { Logger } from "pino";
import type { UpstreamCall } from "./observer.ts";
import { shownTemplate, type UpstreamTemplate } from "./template.ts";

/** Lines of one template in one interval. */
const mostLines = 5;
/** Milliseconds. */
const interval = 10_000;

/** What happened to a template's calls since its interval began. */
interface Interval {
  lines: number;
  /** How calls ended that got no line of their own, and how often. */
  readonly held: Map<string, number>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Writes failed calls to the log without flooding it while an upstream is away: of each template the first few one by one, the others
 * together, one line an interval, until an interval passes without a failure.
 */
export class FailureLog {
  readonly #log: Logger;
  readonly #intervals = new Map<UpstreamTemplate, Interval>();

  constructor(log: Logger) {
    this.#log = log;
  }

  report(call: UpstreamCall): void {
    const { status, error, category, template } = call;
    const outcome = status === undefined ? "did not answer" : `answered ${status}`;
    if (category === "connections" && isPlainNo(call)) {
      this.#write("debug", call, outcome, error);
      return;
    }
    const current = this.#intervals.get(template) ?? this.#begin(template, 0);
    if (current.lines < mostLines) {
      current.lines += 1;
      this.#write("warn", call, outcome, error);
    } else current.held.set(outcome, (current.held.get(outcome) ?? 0) + 1);
  }

  /** Says at once what waits for the end of its interval. */
  flush(): void {
    for (const template of [...this.#intervals.keys()]) this.#end(template);
  }

  #begin(template: UpstreamTemplate, lines: number): Interval {
    const timer = setTimeout(() => {
      // Still failing: from now on the summary alone.
      if (this.#end(template)) this.#begin(template, mostLines);
    }, interval).unref();
    const begun = { lines, held: new Map(), timer };
    this.#intervals.set(template, begun);
    return begun;
  }

  /** @returns whether there was something to say */
  #end(template: UpstreamTemplate): boolean {
    const { held, timer } = this.#intervals.get(template)!;
    clearTimeout(timer);
    this.#intervals.delete(template);
    if (held.size === 0) return false;
    const outcomes = Object.fromEntries(held);
    const calls = [...held.values()].reduce((sum, count) => sum + count, 0);
    const text = [...held]
      .sort(([, a], [, b]) => b - a)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(", ");
    const upstream = shorten(shownTemplate(template.urlTemplate));
    this.#log.warn({ upstream, calls, outcomes }, `More calls to the upstream ${upstream} failed: ${text}`);
    return true;
  }

  #write(level: "debug" | "warn", call: UpstreamCall, outcome: string, error: string | undefined): void {
    const { template: _, ...facts } = call;
    const reason = error === undefined ? "" : `: ${error}`;
    const next = call.retryInMs === undefined ? "" : `; next attempt in ${Math.round(call.retryInMs)} ms`;
    this.#log[level](
      { ...facts, event: shorten(call.event), url: shorten(call.url), durationMs: Math.round(call.durationMs) },
      `The upstream ${outcome} to ${call.category}/${shorten(call.event)} of hub ${call.hub}${reason}${next}`,
    );
  }
}

/**
 * Nothing to worry about: a functions host says 404 to connected and disconnected when no function asked for them, and whoever decides about
 * raw clients refuses some.
 */
function isPlainNo({ status = 500, event }: UpstreamCall): boolean {
  return status === 404 || (event === "connect" && status >= 400 && status <= 499);
}

/** Names that clients choose may be a mebibyte long. */
export function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
