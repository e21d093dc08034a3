import { describe, expect, it } from "vitest";
import { textLine } from "./log.ts";

const record = { level: "warn", time: "2026-01-02T12:34:56.789Z", pid: 1, hostname: "host" };

describe("a line of the log for people", () => {
  it("has time, level, message and what belongs to it", () => {
    const line = textLine(JSON.stringify({ ...record, hub: "chat", status: 500, msg: "Upstream failed." }));
    expect(line).toBe("12:34:56.789 warn  Upstream failed.  hub=chat status=500\n".replace(" status", "  status"));
  });

  it("has the stack of an error below", () => {
    const line = textLine(
      JSON.stringify({ ...record, level: "error", err: { message: "no", stack: "Error: no\n    at here" } }),
    );
    expect(line).toBe("12:34:56.789 error \nError: no\n    at here\n");
  });
});
