import { describe, expect, it } from "vitest";
import { retryDelay } from "./retry-delay.ts";

describe("The pause before a retry", () => {
  it("is always the same with fixedDelay", () => {
    const policy = { strategy: "fixedDelay", maxRetryCount: 5, delayInterval: 700 } as const;
    expect([1, 2, 50].map((retry) => retryDelay(policy, retry))).toEqual([700, 700, 700]);
  });

  it("doubles between its limits with exponentialBackoff", () => {
    const policy = { strategy: "exponentialBackoff", maxRetryCount: -1, minimumInterval: 100, maximumInterval: 1000 } as const;
    expect([1, 2, 3, 4, 5, 5000].map((retry) => retryDelay(policy, retry))).toEqual([100, 200, 400, 800, 1000, 1000]);
  });
});
