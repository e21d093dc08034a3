/** Whole milliseconds since the process started; never goes back, and small enough to cost a connection no heap number. */
export function monotonicNow(): number {
  return Math.floor(performance.now());
}
