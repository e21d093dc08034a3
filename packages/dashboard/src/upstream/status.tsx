interface Outcome {
  readonly status?: number | undefined;
  readonly error?: string | undefined;
}

/** The class of an answer's colour. Fair: answered, and refused; a functions host says 404 to events that no function asked for. */
export function kindOf({ status, error }: Outcome): "good" | "fair" | "bad" {
  if (status === undefined || status >= 500 || error !== undefined) return "bad";
  return status < 300 ? "good" : "fair";
}

/** How an upstream answered, in colour and in words. */
export function Status({ status, error }: Outcome) {
  return <span class={`status ${kindOf({ status, error })}`}>{status ?? "no answer"}</span>;
}

/** Milliseconds, in the unit that reads best. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 10_000) return `${Math.round(milliseconds / 1000)} s`;
  return milliseconds >= 10 ? `${Math.round(milliseconds)} ms` : `${milliseconds.toFixed(1)} ms`;
}
