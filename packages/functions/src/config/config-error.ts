/** Configuration that cannot be used. The message is one sentence a problem, each on its own line, fit to be shown as it is. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}
