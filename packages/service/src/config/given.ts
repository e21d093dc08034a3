/** A value as a source gave it, not yet checked, and how to name the place it came from in an error. */
export interface GivenValue {
  readonly value: unknown;
  /** `--port`, `SIGNALBOX_PORT`, `port in /etc/signalbox/settings.json`. */
  readonly name: string;
}

/** What one source says: values by setting path, sentences about what is wrong, sentences about what is merely odd. */
export interface Given {
  readonly values: ReadonlyMap<string, GivenValue>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}
