import { describe, expect, it } from "vitest";
import type { LogEvent } from "../contracts/invocation.ts";
import { createLogFilter } from "./log-filter.ts";
import { logLine } from "./log-line.ts";

const event = (more: Partial<LogEvent>): LogEvent => ({
  time: 0,
  level: "information",
  category: "system",
  message: "m",
  ...more,
});
const user = (level: LogEvent["level"], functionName = "Chat") => event({ level, category: "user", functionName });

describe("logging.logLevel of host.json", () => {
  it("absent shows information and above", () => {
    const shown = createLogFilter({});
    expect(shown(event({}))).toBe(true);
    expect(shown(user("debug"))).toBe(false);
    expect(shown(user("warning"))).toBe(true);
  });

  it("decides by the longest category, in any letter case", () => {
    const shown = createLogFilter({
      default: "error",
      Function: "warning",
      "Function.chat.User": "trace",
      "Function.quiet": "none",
      Host: "debug",
      "Host.Function.Console": "critical",
    });
    expect(shown(user("trace"))).toBe(true);
    expect(shown(event({ functionName: "Chat" }))).toBe(false);
    expect(shown(event({ functionName: "Chat", level: "warning" }))).toBe(true);
    expect(shown(user("information", "chatter"))).toBe(false);
    expect(shown(user("critical", "quiet"))).toBe(false);
    expect(shown(event({ level: "debug" }))).toBe(true);
    expect(shown(event({ category: "console", level: "error" }))).toBe(false);
  });

  it("that names no level has no effect", () => {
    expect(createLogFilter({ default: "loud" })(event({}))).toBe(true);
  });
});

describe("A line of the log", () => {
  it("is the time in UTC and the message", () => {
    expect(logLine(event({ message: "Executing" }))).toBe("[1970-01-01T00:00:00.000Z] Executing");
  });
});
