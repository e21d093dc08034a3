import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type AppHostOptions, createAppHost } from "../src/app/node-app-host.ts";
import type { AppHost, InvokeOptions, LoadedApp } from "../src/contracts/app-host.ts";
import type { InvocationResponse, LogEvent, RetryContext } from "../src/contracts/invocation.ts";
import { type RpcHttp, type TypedData, toTypedData } from "../src/contracts/typed-data.ts";

/** Versions of `@azure/functions` that a test's app can bring. */
export type Library =
  | "azure-functions-v3"
  | "azure-functions-v3-latest"
  | "azure-functions-v4-first"
  | "azure-functions-v4-middle"
  | "azure-functions-v4";

export const v4Libraries: readonly Library[] = ["azure-functions-v4-first", "azure-functions-v4-middle", "azure-functions-v4"];

/** Relative path to content; objects are written as JSON. */
export type Files = Readonly<Record<string, string | object>>;

export interface AppSource {
  readonly files?: Files;
  /** A folder of `test/apps`, copied before `files` are written. */
  readonly fixture?: string;
  readonly library?: Library;
}

/** Writes an app to a directory of its own, which goes when the test ends. */
export async function writeApp({ files = {}, fixture, library }: AppSource): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "signalbox-app-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  if (fixture !== undefined) await cp(fileURLToPath(new URL(`apps/${fixture}`, import.meta.url)), root, { recursive: true });
  await writeFiles(root, files);
  if (library !== undefined) {
    const installed = dirname(createRequire(import.meta.url).resolve(`${library}/package.json`));
    await mkdir(join(root, "node_modules/@azure"), { recursive: true });
    await symlink(installed, join(root, "node_modules/@azure/functions"), "junction");
  }
  return root;
}

export async function writeFiles(root: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

/** A v3 function: its folder with function.json and index.js. */
export function v3Function(name: string, bindings: readonly object[], script: string, more: object = {}): Files {
  return { [`${name}/function.json`]: { bindings, ...more }, [`${name}/index.js`]: script };
}

export const httpBindings = [
  { type: "httpTrigger", direction: "in", name: "req", authLevel: "anonymous" },
  { type: "http", direction: "out", name: "res" },
];

export interface RunningApp {
  readonly root: string;
  readonly host: AppHost;
  readonly loaded: LoadedApp;
  readonly logs: LogEvent[];
  /** Inputs are made typed data; HTTP requests are given by `httpInput`. */
  invoke(name: string, inputs: Readonly<Record<string, unknown>>, more?: InvokeMore): Promise<InvocationResponse>;
  /** Invokes an HTTP function and returns what `res` or `$return` holds. */
  request(name: string, http?: RpcHttp, inputName?: string): Promise<RpcHttp | undefined>;
}

interface InvokeMore extends InvokeOptions {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly invocationId?: string;
  readonly retryContext?: RetryContext;
}

let count = 0;

export async function startApp(source: AppSource, options: Partial<AppHostOptions> = {}): Promise<RunningApp> {
  const root = await writeApp(source);
  const host = createAppHost({ root, environment: { PATH: process.env.PATH ?? "" }, ...options });
  onTestFinished(() => host.stop({ graceMs: 0 }));
  const logs: LogEvent[] = [];
  host.on("log", (event) => logs.push(event));
  const loaded = await host.start();
  const invoke: RunningApp["invoke"] = (functionName, inputs, { metadata = {}, invocationId, retryContext, ...rest } = {}) => {
    count += 1;
    return host.invoke(
      {
        invocationId: invocationId ?? `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`,
        functionName,
        inputs: mapTyped(inputs),
        triggerMetadata: mapTyped(metadata),
        ...(retryContext === undefined ? {} : { retryContext }),
      },
      rest,
    );
  };
  const request: RunningApp["request"] = async (name, http = {}, inputName) => {
    const definition = host.app?.functions.find((candidate) => candidate.name === name);
    const trigger = inputName ?? definition?.bindings.find(({ type }) => type === "httpTrigger")?.name ?? "req";
    const { error, outputs, returnValue } = await invoke(name, { [trigger]: httpInput(http) });
    if (error !== undefined) throw new Error(`${error.failure}: ${error.message}`);
    return (outputs.res ?? returnValue)?.http;
  };
  return { root, host, loaded, logs, invoke, request };
}

const httpInputs = new WeakSet<object>();

/** An HTTP request as the value of an input. */
export function httpInput(http: RpcHttp = {}): TypedData {
  const data: TypedData = {
    http: {
      method: "GET",
      url: "http://localhost:7071/api/x",
      nullableHeaders: {},
      nullableQuery: {},
      nullableParams: {},
      ...http,
    },
  };
  httpInputs.add(data);
  return data;
}

function mapTyped(values: Readonly<Record<string, unknown>>): Record<string, TypedData> {
  const typed: Record<string, TypedData> = {};
  for (const [name, value] of Object.entries(values)) {
    typed[name] =
      typeof value === "object" && value !== null && httpInputs.has(value) ? (value as TypedData) : toTypedData(value);
  }
  return typed;
}

export function bytes(text: string): TypedData {
  return { bytes: Buffer.from(text) };
}

/** The body of an answer as a value: JSON parsed. */
export function bodyOf(http: RpcHttp | undefined): unknown {
  const body = http?.body;
  if (body?.json !== undefined) return JSON.parse(body.json);
  if (body?.bytes !== undefined) return Buffer.from(body.bytes).toString();
  return body?.string;
}
