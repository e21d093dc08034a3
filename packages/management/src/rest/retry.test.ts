import { describe, expect, it } from "vitest";
import { retryDelays } from "./retry.ts";

describe("the pauses between attempts", () => {
  it.each([
    [undefined, []],
    [{}, [800, 800, 800]],
    [{ maxRetries: 0 }, []],
    [{ maxRetries: 2, delayMs: 5 }, [5, 5]],
    [{ mode: "exponential" }, [800, 1600, 3200]],
    [{ mode: "exponential", maxRetries: 5, delayMs: 10, maxDelayMs: 50 }, [10, 20, 40, 50, 50]],
  ] as const)("of %j", (options, delays) => {
    expect([...retryDelays(options)]).toEqual(delays);
  });
});
