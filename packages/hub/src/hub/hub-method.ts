import { InvalidDataException } from "./errors.ts";
import type { MethodOptions, ParameterSchema } from "./method-options.ts";

/** Generators say by themselves that they stream; of every other method only its result tells. */
export type Kind = "streaming" | "single" | "unknown";

/** A method that clients can call. */
export class HubMethod {
  readonly name: string;
  readonly run: (...args: unknown[]) => unknown;
  readonly kind: Kind;
  readonly authorize: MethodOptions["authorize"];
  readonly schemas: readonly ParameterSchema[] | undefined;
  readonly #streams: readonly number[] | undefined;
  /** How many parameters there are, upload streams among them, and how many may be left out. */
  readonly #parameters: number;
  readonly #optional: number;
  readonly #takesMore: boolean;

  constructor(name: string, run: (...args: unknown[]) => unknown, options: MethodOptions = {}) {
    this.name = name;
    this.run = run;
    if (isGenerator(run) || options.streaming === true) this.kind = "streaming";
    else this.kind = options.streaming === false ? "single" : "unknown";
    this.authorize = options.authorize;
    this.schemas = options.parameters;
    this.#streams = options.streams?.toSorted((a, b) => a - b);
    this.#parameters = run.length;
    this.#optional = options.optional ?? 0;
    this.#takesMore = hasOpenParameters(run);
  }

  /**
   * Checks what a client sent against the parameters.
   * @param streams how many uploads come with the arguments
   * @throws {InvalidDataException} with ASP.NET Core's sentence
   */
  checkCounts(args: number, streams: number): void {
    const { streams: expectedStreams, args: expected } = this.#expected(streams);
    if (streams !== expectedStreams) {
      throw new StreamCountException(`Client sent ${streams} stream(s), Hub method expects ${expectedStreams}.`);
    }
    if (args < expected - this.#optional || (args > expected && !this.#takesMore)) {
      throw new InvalidDataException(`Invocation provides ${args} argument(s) but target expects ${expected}.`);
    }
  }

  #expected(streams: number): { readonly streams: number; readonly args: number } {
    if (this.#streams !== undefined) {
      // Streams may stand behind a parameter with a default value, where `length` does not count.
      const counted = this.#streams.filter((position) => position < this.#parameters).length;
      return { streams: this.#streams.length, args: this.#parameters - counted };
    }
    const taken = this.#takesMore ? streams : Math.min(streams, this.#parameters);
    return { streams: taken, args: Math.max(this.#parameters - taken, 0) };
  }

  /** The arguments in the order of the parameters. */
  arrange(args: readonly unknown[], streams: readonly unknown[]): readonly unknown[] {
    if (streams.length === 0) return args;
    if (this.#streams === undefined) return [...args, ...streams];
    const arranged: unknown[] = [];
    const rest = [...args];
    const uploads = [...streams];
    for (let position = 0; rest.length + uploads.length > 0; position++) {
      if (this.#streams.includes(position)) arranged.push(uploads.shift());
      else arranged.push(rest.shift());
    }
    return arranged;
  }
}

/** @throws {InvalidDataException} naming the argument */
export async function checkArguments(
  args: readonly unknown[],
  schemas: readonly ParameterSchema[],
): Promise<readonly unknown[]> {
  const checked: unknown[] = [...args];
  for (const [position, schema] of schemas.entries()) {
    const result = await schema["~standard"].validate(args[position]);
    if (result.issues !== undefined) {
      const issues = result.issues.map(({ message }) => message).join("; ");
      throw new InvalidDataException(`Error binding argument ${position + 1}: ${issues}`);
    }
    // An argument that was left out stays left out, so that its default value counts.
    if (position < args.length || result.value !== undefined) checked[position] = result.value;
  }
  return checked;
}

/** A client sent another number of streams than the method takes. */
export class StreamCountException extends InvalidDataException {}

function isGenerator(run: (...args: unknown[]) => unknown): boolean {
  const kind = Object.prototype.toString.call(run);
  return kind === "[object AsyncGeneratorFunction]" || kind === "[object GeneratorFunction]";
}

/**
 * Whether a function takes more arguments than its `length` says: default values and rest parameters are not counted there. Only its
 * source tells; in doubt it does.
 */
function hasOpenParameters(run: (...args: unknown[]) => unknown): boolean {
  const parameters = /^[^(]*\(([^)]*)\)/.exec(Function.prototype.toString.call(run))?.[1];
  return parameters === undefined || parameters.includes("=") || parameters.includes("...");
}
