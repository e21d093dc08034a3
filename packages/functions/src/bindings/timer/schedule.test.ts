import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BindingError } from "../../contracts/binding.ts";
import { isFasterThanAMinute, parseSchedule } from "./schedule.ts";

const from = new Date("2026-01-01T00:07:30Z");

function times(text: string, count = 3, zone = "UTC"): readonly string[] {
  const schedule = parseSchedule(text, zone);
  const found: string[] = [];
  for (let at: Date | undefined = from; found.length < count; ) {
    at = schedule.next(at);
    if (at === undefined) break;
    found.push(at.toISOString().replace(".000Z", ""));
  }
  return found;
}

describe("A schedule", () => {
  it.each([
    ["*/15 * * * * *", ["2026-01-01T00:07:45", "2026-01-01T00:08:00", "2026-01-01T00:08:15"]],
    ["0 */5 * * * *", ["2026-01-01T00:10:00", "2026-01-01T00:15:00", "2026-01-01T00:20:00"]],
    ["*/5 * * * *", ["2026-01-01T00:10:00", "2026-01-01T00:15:00", "2026-01-01T00:20:00"]],
    ["0 5/20 * * * *", ["2026-01-01T00:25:00", "2026-01-01T00:45:00", "2026-01-01T01:05:00"]],
    ["0 30 9 * * 1-5", ["2026-01-01T09:30:00", "2026-01-02T09:30:00", "2026-01-05T09:30:00"]],
    ["0 30 9 * January Monday,Tue", ["2026-01-05T09:30:00", "2026-01-06T09:30:00", "2026-01-12T09:30:00"]],
    ["0 0 0 1 May,september *", ["2026-05-01T00:00:00", "2026-09-01T00:00:00", "2027-05-01T00:00:00"]],
    ["00:00:30", ["2026-01-01T00:08:00", "2026-01-01T00:08:30", "2026-01-01T00:09:00"]],
    ["1.00:00:00", ["2026-01-02T00:07:30", "2026-01-03T00:07:30", "2026-01-04T00:07:30"]],
    ["24:00:00", ["2026-01-25T00:07:30", "2026-02-18T00:07:30", "2026-03-14T00:07:30"]],
  ])("'%s' has the times %j", (text, expected) => {
    expect(times(text)).toEqual(expected);
  });

  it("with a day and a weekday needs both, unlike Unix cron", () => {
    expect(times("0 0 9 13 * Fri", 2)).toEqual(["2026-02-13T09:00:00", "2026-03-13T09:00:00"]);
  });

  it("is of its time zone", () => {
    expect(times("0 0 9 * * *", 1, "Asia/Tokyo")).toEqual(["2026-01-02T00:00:00"]);
    expect(() => parseSchedule("0 0 9 * * *", "Nowhere/At all")).toThrow(/time zone 'Nowhere\/At all'/);
  });

  it("may have no time at all", () => {
    expect(times("0 0 0 30 2 *")).toEqual([]);
  });

  it.each(["", "often", "* * * *", "61 * * * * *", "0 0 0 * * * *", "-00:00:05", "00:00:00", "25:99:00"])(
    "'%s' is refused",
    (text) => {
      expect(() => parseSchedule(text)).toThrow(BindingError);
    },
  );

  it("of any text is read or refused", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\d*/,:. a-z-]{0,20}$/), (text) => {
        try {
          parseSchedule(text, "UTC").next(from);
        } catch (error) {
          expect(error).toBeInstanceOf(BindingError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("is faster than a minute or not", () => {
    const faster = (text: string) => isFasterThanAMinute(parseSchedule(text, "UTC"), from);
    expect(faster("*/30 * * * * *")).toBe(true);
    expect(faster("00:00:59")).toBe(true);
    expect(faster("0 * * * * *")).toBe(false);
    expect(faster("0 0 0 30 2 *")).toBe(false);
  });
});
