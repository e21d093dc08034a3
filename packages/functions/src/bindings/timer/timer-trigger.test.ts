import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Running, TriggerHost } from "../../contracts/binding.ts";
import type { FunctionDefinition } from "../../contracts/function-definition.ts";
import type { InvocationResponse } from "../../contracts/invocation.ts";
import { fromTypedData } from "../../contracts/typed-data.ts";
import { binding, indexing, settingsOf } from "../bindings.suite.ts";
import { TimerStatusFiles } from "./timer-status.ts";
import { TimerTrigger } from "./timer-trigger.ts";

let folder: string;
let running: Running | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-timer-"));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(folder, { recursive: true });
});

interface Info {
  readonly ScheduleStatus: { readonly Last: string; readonly Next: string } | null;
  readonly IsPastDue: boolean;
}

/** Starts a timer whose function is `run`: the runner stands in for an app, which has no part in when a timer fires. */
function start(
  properties: Readonly<Record<string, unknown>>,
  run: (info: Info) => unknown = () => {},
  values: Record<string, string> = {},
) {
  const settings = settingsOf({ Every: "* * * * * *", ...values });
  const trigger = new TimerTrigger(settings, new TimerStatusFiles(async () => folder));
  const infos: Info[] = [];
  const reasons: (string | undefined)[] = [];
  const host: TriggerHost = {
    ...indexing(settings),
    log: () => {},
    runner: {
      async run(_name, call): Promise<InvocationResponse> {
        const info = fromTypedData(call.data) as Info;
        infos.push(info);
        reasons.push(call.reason);
        const failure = await run(info);
        const error = { failure: "function", name: "Error", message: "no" } as const;
        return { invocationId: "", outputs: {}, ...(failure === "failed" ? { error } : {}) };
      },
    },
  };
  const definition = { name: "f", bindings: [binding("timerTrigger", properties)] } as unknown as FunctionDefinition;
  trigger.check(definition.bindings[0]!, host);
  running = trigger.start(definition, host);
  return { infos, reasons };
}

describe("A timer", () => {
  it("fires again and again, by a schedule of a setting", async () => {
    const { infos, reasons } = start({ schedule: "%Every%" });
    await expect.poll(() => infos.length).toBeGreaterThanOrEqual(2);
    expect(infos[0]).toEqual({ Schedule: { AdjustForDST: true }, IsPastDue: false });
    expect(reasons[0]).toMatch(/^Timer fired at \d{4}-\d\d-\d\dT/);
  });

  it("never overlaps itself, and ends its run before it stops", async () => {
    let [underWay, most, ended] = [0, 0, 0];
    const { infos } = start({ schedule: "00:00:00.01" }, async () => {
      most = Math.max(most, ++underWay);
      await new Promise((done) => setTimeout(done, 30));
      underWay--;
      ended++;
    });
    await expect.poll(() => infos.length).toBeGreaterThanOrEqual(3);
    await running!.stop();
    expect(most).toBe(1);
    expect(ended).toBe(infos.length);
  });

  it("goes on when its function fails", async () => {
    const { infos } = start({ schedule: "00:00:00.01" }, () => "failed");
    await expect.poll(() => infos.length).toBeGreaterThan(2);
  });

  it("fires at once with runOnStartup, not past due", async () => {
    const { infos } = start({ schedule: "0 0 0 1 1 *", runOnStartup: true });
    await expect.poll(() => infos).toHaveLength(1);
    expect(infos[0]).toMatchObject({ IsPastDue: false, ScheduleStatus: { Last: "0001-01-01T00:00:00" } });
  });

  it("makes up for a time that was missed while the host was down, unless useMonitor is off", async () => {
    const missed = { last: new Date(Date.now() - 3 * 3_600_000), next: new Date(Date.now() - 2 * 3_600_000) };
    const files = new TimerStatusFiles(async () => folder);
    await files.write("f", missed);
    const { infos } = start({ schedule: "01:00:00" });
    await expect.poll(() => infos).toHaveLength(1);
    expect(infos[0]).toMatchObject({ IsPastDue: true, ScheduleStatus: { Last: missed.last.toISOString() } });
    await running!.stop();
    expect((await files.read("f"))!.next!.getTime()).toBeGreaterThan(Date.now());

    await files.write("f", missed);
    const unmonitored = start({ schedule: "01:00:00", useMonitor: false, runOnStartup: true });
    await expect.poll(() => unmonitored.infos).toHaveLength(1);
    expect(unmonitored.infos[0]).toMatchObject({ IsPastDue: false });
  });

  it("is refused with a bad schedule, time zone or setting", () => {
    expect(() => start({ schedule: "often" })).toThrow(/neither an NCRONTAB expression/);
    expect(() => start({ schedule: "%Missing%" })).toThrow(/Missing/);
    expect(() => start({})).toThrow(/has no "schedule"/);
    expect(() => start({ schedule: "0 * * * * *" }, () => {}, { WEBSITE_TIME_ZONE: "Mars" })).toThrow(/time zone 'Mars'/);
  });
});
