import type { LayeredSettings } from "../../config/app-settings.ts";
import type { IndexingContext, Running, Trigger, TriggerHost } from "../../contracts/binding.ts";
import { type BindingDefinition, type FunctionDefinition, triggerOf } from "../../contracts/function-definition.ts";
import { type TypedData, toTypedData } from "../../contracts/typed-data.ts";
import { property, requiredText } from "../definition.ts";
import { isFasterThanAMinute, parseSchedule, type Schedule } from "./schedule.ts";
import type { TimerStatus, TimerStatusStore } from "./timer-status.ts";

/** Timers of the runtime end before 2^31 ms; a later time is reached in several waits. */
const longestWait = 2_000_000_000;

/**
 * `timerTrigger` (reference functions-host §2.7). A timer never overlaps itself: times that pass while it runs are left out. What a run
 * does not succeed in changes nothing for the next one.
 */
export class TimerTrigger implements Trigger {
  readonly type = "timerTrigger";
  readonly #settings: LayeredSettings;
  readonly #statuses: TimerStatusStore;

  constructor(settings: LayeredSettings, statuses: TimerStatusStore) {
    this.#settings = settings;
    this.#statuses = statuses;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    this.#scheduleOf(definition, context);
  }

  start(definition: FunctionDefinition, host: TriggerHost): Running {
    const binding = triggerOf(definition);
    const schedule = this.#scheduleOf(binding, host);
    const isMonitored = property(binding, "useMonitor") !== false && !isFasterThanAMinute(schedule, new Date());
    const timer = new RunningTimer(schedule, host, isMonitored ? this.#statuses : undefined);
    timer.start(property(binding, "runOnStartup") === true);
    return timer;
  }

  #scheduleOf(definition: BindingDefinition, context: IndexingContext): Schedule {
    const timeZone = this.#settings.get("WEBSITE_TIME_ZONE") || this.#settings.get("TZ") || undefined;
    return parseSchedule(context.resolveSettings(requiredText(definition, "schedule")), timeZone);
  }
}

/** The trigger's value; the libraries turn the names into camelCase. */
function timerInfo(isPastDue: boolean, status: TimerStatus | undefined): TypedData {
  return toTypedData({
    Schedule: { AdjustForDST: true },
    ScheduleStatus: status && {
      Last: status.last?.toISOString() ?? "0001-01-01T00:00:00",
      Next: status.next?.toISOString() ?? "0001-01-01T00:00:00",
      LastUpdated: status.last?.toISOString() ?? "0001-01-01T00:00:00",
    },
    IsPastDue: isPastDue,
  });
}

/*
 *   start ──▶ missed or runOnStartup? ──▶ run ──┐
 *                 │ no                          ▼
 *                 └────────────────────────▶ wait for the next time ──▶ run ──▶ wait …
 */
class RunningTimer implements Running {
  readonly #schedule: Schedule;
  readonly #host: TriggerHost;
  readonly #store: TimerStatusStore | undefined;
  readonly #stop = new AbortController();
  #status: TimerStatus = { last: undefined, next: undefined };
  #wait: NodeJS.Timeout | undefined;
  #underWay: Promise<void> = Promise.resolve();

  constructor(schedule: Schedule, host: TriggerHost, store: TimerStatusStore | undefined) {
    this.#schedule = schedule;
    this.#host = host;
    this.#store = store;
  }

  start(runOnStartup: boolean): void {
    this.#underWay = this.#begin(runOnStartup);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#wait);
    await this.#underWay;
  }

  async #begin(runOnStartup: boolean): Promise<void> {
    const now = new Date();
    const stored = await this.#store?.read(this.#host.functionName);
    this.#status = { last: stored?.last, next: this.#schedule.next(now) };
    if (this.#stop.signal.aborted) return;
    // A schedule that was changed meanwhile must not run for a time that only the old one had.
    const due = stored?.last && this.#schedule.next(stored.last);
    const isPastDue = stored?.next !== undefined && stored.next < now && due !== undefined && due < now;
    if (isPastDue || runOnStartup) await this.#run(isPastDue);
    else await this.#save();
    this.#waitForNext();
  }

  #waitForNext(): void {
    if (this.#stop.signal.aborted || this.#status.next === undefined) return;
    const remaining = this.#status.next.getTime() - Date.now();
    this.#wait = setTimeout(
      () => {
        if (remaining > longestWait) this.#waitForNext();
        else this.#underWay = this.#run(false, this.#status.next).then(() => this.#waitForNext());
      },
      Math.min(Math.max(remaining, 0), longestWait),
    );
  }

  /** @param due the time that this run is for: a clock that fires a little early must not have it run again */
  async #run(isPastDue: boolean, due?: Date): Promise<void> {
    const started = new Date();
    await this.#host.runner.run(this.#host.functionName, {
      data: timerInfo(isPastDue, this.#store && this.#status),
      bindingData: {},
      reason: `Timer fired at ${started.toISOString()}`,
    });
    this.#status = { last: started, next: this.#schedule.next(new Date(Math.max(Date.now(), due?.getTime() ?? 0))) };
    await this.#save();
  }

  async #save(): Promise<void> {
    try {
      await this.#store?.write(this.#host.functionName, this.#status);
    } catch (error) {
      this.#host.log("warning", `The status of the timer could not be saved: ${(error as Error).message}`);
    }
  }
}
