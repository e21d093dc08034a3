import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "../config/config-error.ts";
import { parseJsonObject, readOptionalText } from "../config/json-file.ts";
import { retrySchema } from "../config/retry-schema.ts";
import type { BindingDefinition, FunctionDefinition, RetryPolicy } from "../contracts/function-definition.ts";
import { checkDefinition } from "./function-rules.ts";

const text = z.string({ error: "must be a text" });

const bindingSchema = z.looseObject(
  {
    name: text,
    type: text,
    direction: z
      .string()
      .transform((value) => value.toLowerCase())
      .pipe(z.enum(["in", "out", "inout"], { error: "must be in, out or inout" }))
      .default("in"),
  },
  { error: "must be an object" },
);

const fileSchema = z.looseObject({
  bindings: z.array(bindingSchema, { error: "must be a list" }).min(1, { error: "must not be empty" }),
  scriptFile: text.optional(),
  entryPoint: text.optional(),
  disabled: z.union([z.boolean(), z.string()], { error: "must be true, false or the name of a setting" }).optional(),
  retry: retrySchema.optional(),
  configurationSource: z.string().optional(),
});

/**
 * Reads one `function.json` (reference functions-host §1.1).
 *
 * @param directory absolute path of the function's folder
 * @throws {ConfigError} when the function cannot run; the message does not repeat its name
 */
export async function readFunctionFile(name: string, directory: string): Promise<FunctionDefinition> {
  const source = (await readOptionalText(join(directory, "function.json"), "function.json")) ?? "";
  const parsed = fileSchema.safeParse(parseJsonObject(source, "function.json"));
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => `function.json: ${path.join(".") || "it"} ${message}.`),
    );
  }
  const { bindings, scriptFile, entryPoint, disabled, retry, configurationSource } = parsed.data;
  if (configurationSource === "attributes") {
    throw new ConfigError(["function.json belongs to a compiled .NET function, which a Node host cannot run."]);
  }
  const definition: FunctionDefinition = {
    name,
    model: "v3",
    bindings: bindings as BindingDefinition[],
    directory,
    scriptFile: findScript(directory, scriptFile),
    ...(entryPoint ? { entryPoint } : {}),
    ...(disabled === undefined ? {} : { disabled }),
    ...(retry === undefined ? {} : { retry: retry as RetryPolicy }),
  };
  checkDefinition(definition);
  return definition;
}

/** The stated file; else the only other file of the folder; else `run.*`; else `index.*`. */
function findScript(directory: string, stated: string | undefined): string {
  if (stated) {
    const file = resolve(directory, stated);
    if (existsSync(file)) return file;
    throw new ConfigError([
      `The file ${file}, which function.json names as scriptFile, does not exist. Does the app need a build?`,
    ]);
  }
  const files = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name.toLowerCase() !== "function.json")
    .map((entry) => entry.name);
  const chosen =
    files.length === 1
      ? files[0]
      : (files.find((file) => /^run\.[^.]+$/i.test(file)) ??
        ["index.js", "index.mjs", "index.cjs"].find((file) => files.includes(file)));
  if (chosen !== undefined) return join(directory, chosen);
  throw new ConfigError([
    "The script cannot be determined: name it with scriptFile in function.json, or call it run.js or index.js (index.mjs, index.cjs).",
  ]);
}
