/**
 * How long a test waits for a condition, in milliseconds, unless it says otherwise. Only a failing test waits so long: a machine may stand still
 * for seconds, and that is no failure.
 */
export const patience = 30_000;
