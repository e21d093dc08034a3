/** What a method expects of one argument: any schema that follows Standard Schema 1, such as those of zod, valibot and arktype. */
export interface ParameterSchema<T = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Checked<T> | Promise<Checked<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

type Checked<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** The client passed arguments that the method does not take. */
export class ParameterError extends Error {
  override readonly name = "ParameterError";
}

/**
 * Checks the arguments of a message, which come from outside whatever the method's types say. Without schemas only their number is
 * checked: those before the first optional one must be there.
 * @param required arguments that the method needs
 * @returns the arguments as the schemas give them
 * @throws {ParameterError}
 */
export async function checkArguments(
  method: string,
  given: readonly unknown[],
  required: number,
  schemas: readonly ParameterSchema[] | undefined,
): Promise<readonly unknown[]> {
  if (schemas === undefined) {
    if (given.length >= required) return given;
    throw new ParameterError(`${method} takes ${countOf(required)}; the invocation has ${given.length}.`);
  }
  if (given.length > schemas.length) {
    throw new ParameterError(`${method} takes ${countOf(schemas.length)}; the invocation has ${given.length}.`);
  }
  const checked: unknown[] = [];
  for (const [position, schema] of schemas.entries()) {
    const result = await schema["~standard"].validate(given[position]);
    if (result.issues !== undefined) {
      const issues = result.issues.map(({ message }) => message).join("; ");
      throw new ParameterError(`Argument ${position + 1} of ${method} is not valid: ${issues}`);
    }
    checked.push(result.value);
  }
  return checked;
}

function countOf(count: number): string {
  return count === 1 ? "1 argument" : `${count} arguments`;
}
