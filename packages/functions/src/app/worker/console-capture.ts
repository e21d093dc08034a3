import type { LogLevel } from "../../contracts/invocation.ts";

const levels: readonly (readonly [keyof Console, LogLevel])[] = [
  ["trace", "trace"],
  ["debug", "debug"],
  ["log", "information"],
  ["info", "information"],
  ["warn", "warning"],
  ["error", "error"],
];

type ConsoleMethod = (...args: unknown[]) => void;
type Write = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown) => boolean;

/**
 * Sends what the app prints to `emit` instead of to the process's own streams, in the context of the caller, so that it can be told which
 * invocation printed it. What is written past `process.stdout` and `process.stderr` (by native code, by child processes) is not seen here;
 * the host reads it from the other end of the streams.
 */
export function captureConsole(emit: (level: LogLevel, text: string) => void): void {
  let current: LogLevel | undefined;
  for (const [name, level] of levels) {
    const original = console[name] as ConsoleMethod;
    (console as unknown as Record<string, ConsoleMethod>)[name] = function (this: unknown, ...args) {
      current = level;
      try {
        original.apply(this, args);
      } finally {
        current = undefined;
      }
    };
  }
  const redirect = (stream: NodeJS.WriteStream, level: LogLevel) => {
    const write: Write = (chunk, encoding, callback) => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      if (text !== "") emit(current ?? level, text.replace(/\r?\n$/, ""));
      const done = typeof encoding === "function" ? encoding : callback;
      if (typeof done === "function") process.nextTick(done as () => void);
      return true;
    };
    stream.write = write as typeof stream.write;
  };
  redirect(process.stdout, "information");
  redirect(process.stderr, "error");
}
