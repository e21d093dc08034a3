import { Cron } from "croner";
import { parseTimeSpan } from "../../config/time-span.ts";
import { BindingError } from "../../contracts/binding.ts";

/** When a timer fires. */
export interface Schedule {
  /** The first time after the given one; undefined when there is none (30 February). */
  next(after: Date): Date | undefined;
}

/**
 * Reads the schedule of a timer: an NCRONTAB expression of six fields (`second minute hour day month weekday`; five mean second 0), or an
 * interval (`hh:mm:ss`; `dd:hh:mm` when the first number is 24 or more). Where both day and weekday are given, both must fit, unlike in
 * Unix cron (reference functions-host §2.7).
 *
 * @param timeZone IANA name; absent: the machine's
 * @throws {BindingError}
 */
export function parseSchedule(text: string, timeZone?: string): Schedule {
  const interval = intervalOf(text.trim());
  if (interval !== undefined) {
    if (interval <= 0) throw new BindingError(`The schedule '${text}' must be longer than no time.`);
    return { next: (after) => new Date(after.getTime() + interval) };
  }
  try {
    const cron = new Cron(withShortNames(text.trim()), {
      paused: true,
      mode: "5-or-6-parts",
      domAndDow: true,
      sloppyRanges: true,
      ...(timeZone === undefined ? {} : { timezone: timeZone }),
    });
    // A time zone that does not exist shows only when it is used.
    cron.nextRun();
    return { next: (after) => cron.nextRun(after) ?? undefined };
  } catch (cause) {
    const zone = timeZone === undefined ? "" : ` in the time zone '${timeZone}'`;
    throw new BindingError(
      `The schedule '${text}'${zone} is neither an NCRONTAB expression (second minute hour day month weekday) nor a time span (hh:mm:ss): ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Whether some two of the next few times are less than a minute apart. */
export function isFasterThanAMinute(schedule: Schedule, from: Date): boolean {
  let [before, limit] = [schedule.next(from), 5];
  while (before !== undefined && limit-- > 0) {
    const after = schedule.next(before);
    if (after !== undefined && after.getTime() - before.getTime() < 60_000) return true;
    before = after;
  }
  return false;
}

function intervalOf(text: string): number | undefined {
  const days = /^(\d{2,7}):(\d{1,2}):(\d{1,2})$/.exec(text);
  if (days !== null && Number(days[1]) >= 24) return parseTimeSpan(`${days[1]}.${days[2]}:${days[3]}`);
  return text.includes(":") ? parseTimeSpan(text) : undefined;
}

const wholeNames =
  /\b(january|february|march|april|june|july|august|september|october|november|december|sunday|monday|tuesday|wednesday|thursday|friday|saturday)\b/gi;

/** NCRONTAB takes months and weekdays by their whole names, too. */
function withShortNames(text: string): string {
  return text.replaceAll(wholeNames, (name) => name.slice(0, 3));
}
