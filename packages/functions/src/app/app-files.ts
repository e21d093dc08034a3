import { existsSync, globSync, readdirSync, statSync } from "node:fs";
import { extname, join, sep } from "node:path";
import { ConfigError } from "../config/config-error.ts";
import { parseJsonObject, readOptionalText } from "../config/json-file.ts";
import type { FunctionDefinition, LoadProblem } from "../contracts/function-definition.ts";
import { readFunctionFile } from "./function-file.ts";
import type { ScriptFile, ScriptFunction } from "./messages.ts";

/** What an app's files say, before any of its code runs (reference functions-host §1.1). */
export interface AppFiles {
  readonly hasPackageFile: boolean;
  readonly entryPoints: readonly ScriptFile[];
  /** Functions with a `function.json`. They count only when no entry point registers one by code. */
  readonly functions: readonly ScriptFunction[];
  readonly problems: readonly LoadProblem[];
  /** Problems of function.json files, which count as the functions do. */
  readonly functionProblems: readonly LoadProblem[];
}

/**
 * Reads package.json and every `<function>/function.json`.
 *
 * @param root absolute path of the app
 * @throws {Error} when there is no such directory
 */
export async function readAppFiles(root: string): Promise<AppFiles> {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => existsSync(join(root, entry.name, "function.json")))
    .map((entry) => entry.name)
    .sort();
  const { main, type, problems } = await readPackageFile(root);
  const esm = (file: string) => isModule(file, type);

  const entryPoints: ScriptFile[] = [];
  if (main !== undefined) {
    const files = findEntryPoints(root, main);
    if (files.length === 0) problems.push(noEntryPoint(root, main));
    for (const file of files) entryPoints.push({ file, esm: esm(file) });
  }

  const functions: ScriptFunction[] = [];
  const functionProblems: LoadProblem[] = [];
  const seen = new Map<string, string>();
  for (const folder of folders) {
    const outcome = await readFunction(folder, join(root, folder), seen);
    if ("message" in outcome) functionProblems.push(outcome);
    else functions.push({ definition: outcome, esm: esm(outcome.scriptFile) });
  }
  const hasPackageFile = existsSync(join(root, "package.json"));
  return { hasPackageFile, entryPoints, functions, problems, functionProblems };
}

async function readFunction(
  name: string,
  directory: string,
  seen: Map<string, string>,
): Promise<FunctionDefinition | LoadProblem> {
  const problem = (message: string): LoadProblem => ({ functionName: name, file: join(directory, "function.json"), message });
  const other = seen.get(name.toLowerCase());
  if (other !== undefined) return problem(`The name "${name}" is taken by "${other}": names differ in more than letter case.`);
  seen.set(name.toLowerCase(), name);
  try {
    return await readFunctionFile(name, directory);
  } catch (error) {
    if (error instanceof ConfigError) return problem(error.message);
    throw error;
  }
}

async function readPackageFile(root: string): Promise<{ main?: string; type?: string; problems: LoadProblem[] }> {
  const file = join(root, "package.json");
  try {
    const source = await readOptionalText(file, "package.json");
    if (source === undefined) return { problems: [] };
    const { main, type } = parseJsonObject(source, "package.json");
    return {
      problems: [],
      ...(typeof main === "string" && main !== "" ? { main } : {}),
      ...(typeof type === "string" ? { type } : {}),
    };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: [{ file, message: error.message }] };
    throw error;
  }
}

/** `main` is a pattern; a folder stands for every script in it. Shallow files first, then by name. */
function findEntryPoints(root: string, main: string): string[] {
  const pattern = main.replace(/^\.\//, "");
  const folder = join(root, pattern);
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  const matches = globSync(isFolder ? `${pattern.replace(/\/$/, "")}/**/*.{js,cjs,mjs}` : pattern, {
    cwd: root,
    exclude: (path: string) => path.split(/[\\/]/).includes("node_modules"),
  });
  const depth = (file: string) => file.split(sep).length;
  return [...new Set(matches)]
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
    .map((file) => join(root, file))
    .filter((file) => statSync(file).isFile());
}

function noEntryPoint(root: string, main: string): LoadProblem {
  const isPattern = /[*?[\]{}]/.test(main);
  const fact = isPattern ? "found zero files matching the pattern" : "the file does not exist";
  return {
    file: join(root, "package.json"),
    message: `The entry point "${main}" (main in package.json) could not be loaded: ${fact}. Does the app need a build?`,
  };
}

function isModule(file: string, packageType: string | undefined): boolean {
  const extension = extname(file).toLowerCase();
  if (extension === ".mjs" || extension === ".mts") return true;
  return packageType === "module" && extension !== ".cjs" && extension !== ".cts";
}
