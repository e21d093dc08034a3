import { z } from "zod";
import { parseTimeSpan } from "./time-span.ts";

const timeSpan = z.string({ error: "must be a time span (hh:mm:ss)" }).transform((value, context) => {
  const milliseconds = parseTimeSpan(value);
  if (milliseconds !== undefined && milliseconds >= 0) return milliseconds;
  context.addIssue({ code: "custom", message: `"${value}" is no time span (hh:mm:ss)` });
  return z.NEVER;
});

/** A retry policy as function.json and host.json state it (reference functions-host §1.1). A variable that overrides host.json gives texts. */
export const retrySchema = z.object({
  strategy: z
    .string({ error: "must be fixedDelay or exponentialBackoff" })
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(["fixeddelay", "exponentialbackoff"], { error: "must be fixedDelay or exponentialBackoff" }))
    .transform((value) => (value === "fixeddelay" ? "fixedDelay" : "exponentialBackoff")),
  maxRetryCount: z.preprocess(
    (value) => (typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value),
    z.int({ error: "must be a whole number" }).min(-1),
  ),
  delayInterval: timeSpan.optional(),
  minimumInterval: timeSpan.optional(),
  maximumInterval: timeSpan.optional(),
});
