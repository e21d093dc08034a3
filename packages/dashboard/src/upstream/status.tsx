/** How an upstream answered, in colour and in words. */
export function Status({ status, error }: { readonly status?: number | undefined; readonly error?: string | undefined }) {
  const good = status !== undefined && status < 300 && error === undefined;
  const kind = good ? "good" : status !== undefined && status < 500 && error === undefined ? "fair" : "bad";
  return <span class={`status ${kind}`}>{status ?? "no answer"}</span>;
}

/** Milliseconds, in the unit that reads best. */
export function duration(milliseconds: number): string {
  if (milliseconds >= 10_000) return `${Math.round(milliseconds / 1000)} s`;
  return milliseconds >= 10 ? `${Math.round(milliseconds)} ms` : `${milliseconds.toFixed(1)} ms`;
}
