import type { Settings } from "@signalbox/service";
import { type Logger, pino } from "pino";

/**
 * The log of a running service, on standard error: short lines for people, one JSON object a line for collectors. Standard output is
 * left to the banner.
 */
export function createLog({ level, format }: Settings["log"]): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const isText = format === "text" || (format === "auto" && process.stderr.isTTY === true);
  if (isText) return pino(options, { write: (line: string) => process.stderr.write(textLine(line)) });
  return pino(options, pino.destination({ dest: 2, sync: true }));
}

/** `12:34:56.789 warn  a message  hub=chat status=500`, and the stack of an error below. */
export function textLine(json: string): string {
  const { level, time, msg, pid: _pid, hostname: _hostname, err, ...rest } = JSON.parse(json);
  const pairs = Object.entries(rest).map(
    ([key, value]) => `  ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const stack = err?.stack === undefined ? "" : `\n${err.stack}`;
  return `${time.slice(11, 23)} ${level.padEnd(5)} ${msg ?? ""}${pairs.join("")}${stack}\n`;
}
