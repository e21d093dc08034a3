import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { Hono } from "hono";
import { isJsonObject, valueIn } from "../../config/json-file.ts";
import type { FunctionDefinition } from "../../contracts/function-definition.ts";
import type { FunctionRunner } from "../../contracts/function-runner.ts";
import { type HttpFunction, isHttpFunction } from "../http-function.ts";
import type { Drain } from "./drain.ts";
import { describeFunction } from "./function-info.ts";
import { createKeyApi, type KeyApiOptions } from "./key-api.ts";
import { manualInput } from "./manual-call.ts";

type HostState = "Starting" | "Running" | "Error" | "Stopping";

export interface AdminApiOptions extends Pick<KeyApiOptions, "secrets"> {
  readonly runner: FunctionRunner;
  /** The host's version, shown by `status`. */
  readonly version: string;
  readonly appRoot: string;
  state(): HostState;
  /** Sentences, one a problem. */
  errors(): readonly string[];
  definitions(): readonly FunctionDefinition[];
  httpFunction(name: string): HttpFunction | undefined;
  isDisabled(definition: FunctionDefinition): boolean;
  /** Loads the app anew; undefined: not offered. */
  restart?: (() => Promise<void>) | undefined;
  drain?: Drain | undefined;
}

const maxInputBytes = 1024 * 1024;

/** The routes below `/admin` (reference functions-host §3.5). The caller has been found to hold the master key where one is needed. */
export function createAdminApi(options: AdminApiOptions): Hono {
  const { runner, version, appRoot, definitions } = options;
  const startedAt = Date.now();
  const instanceId = randomUUID();
  const find = (name: string) => definitions().find((definition) => definition.name.toLowerCase() === name.toLowerCase());
  const describe = (definition: FunctionDefinition, url: string) =>
    describeFunction(definition, options.httpFunction(definition.name), {
      base: new URL(url).origin,
      appRoot,
      disabled: options.isDisabled(definition),
    });

  const api = new Hono();
  api.get("/admin/host/status", (c) => {
    const errors = options.errors();
    return c.json({
      id: hostname().toLowerCase(),
      state: options.state(),
      version,
      versionDetails: version,
      platformVersion: "",
      instanceId,
      computerName: hostname(),
      processUptime: Date.now() - startedAt,
      functionAppContentEditingState: "NotAllowed",
      ...(errors.length === 0 ? {} : { errors }),
    });
  });
  api.on(["GET", "POST"], "/admin/host/ping", (c) => c.body(null, 200));
  api.on(["GET", "POST"], "/admin/warmup", (c) => c.body(null, 200));
  api.post("/admin/host/synctriggers", (c) => c.json({ status: "success" }));
  api.post("/admin/host/restart", (c) => {
    if (options.restart === undefined) return c.body(null, 404);
    void options.restart();
    return c.body(null, 202);
  });
  api.post("/admin/host/drain", (c) => {
    if (options.drain === undefined) return c.body(null, 404);
    if (options.state() === "Starting") return c.body(null, 503);
    options.drain.begin();
    return c.body(null, 202);
  });
  api.get("/admin/host/drain/status", (c) => {
    if (options.drain === undefined) return c.body(null, 404);
    return options.state() === "Starting" ? c.body(null, 503) : c.json(options.drain.status());
  });
  api.post("/admin/host/resume", async (c) => {
    if (options.state() !== "Running") return c.body(null, 409);
    // As in the cloud a host that was drained starts anew.
    if (options.drain !== undefined && options.drain.status().state !== "Disabled") await options.restart?.();
    return c.json({ state: options.state() });
  });

  api.get("/admin/functions", (c) => c.json(definitions().map((definition) => describe(definition, c.req.url))));
  api.get("/admin/functions/:name", (c) => {
    const definition = find(c.req.param("name"));
    return definition === undefined ? c.body(null, 404) : c.json(describe(definition, c.req.url));
  });
  api.get("/admin/functions/:name/status", (c) => {
    const definition = find(c.req.param("name"));
    return definition === undefined ? c.body(null, 404) : c.json({ isDisabled: options.isDisabled(definition) });
  });
  api.post("/admin/functions/:name", async (c) => {
    const definition = find(c.req.param("name"));
    if (definition === undefined) return c.body(null, 404);
    if (isHttpFunction(definition))
      return c.json({ Message: `The function ${definition.name} has an HTTP trigger: call its own address.` }, 400);
    const body = await readInput(c.req.raw);
    if (body === undefined) return c.json({ Message: 'The body must be a JSON object such as {"input": "…"}.' }, 400);
    // The answer does not wait; the invocation's log lines tell how it went.
    void runner.run(definition.name, { data: manualInput(definition, body.input), bindingData: {}, retry: false });
    return c.body(null, 202);
  });

  api.route("/", createKeyApi({ secrets: options.secrets, functionName: (name) => find(name)?.name }));
  api.notFound((c) => c.body(null, 404));
  return api;
}

/**
 * The path with its fixed words in lower case, for letter case does not matter in them; names of functions and keys stay as they are.
 * @param path decoded segments, the first being `admin`
 */
export function adminPath(path: readonly string[]): string {
  const ofHost = path[1]?.toLowerCase() === "host";
  const isWord = (index: number) => index < 2 || index === (ofHost ? 2 : 3);
  return `/${path.map((segment, index) => (isWord(index) ? segment.toLowerCase() : encodeURIComponent(segment))).join("/")}`;
}

/** An empty body is an empty input. */
async function readInput(request: Request): Promise<{ readonly input: unknown } | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > maxInputBytes) return undefined;
  const text = await request.text();
  if (text.trim() === "") return { input: undefined };
  try {
    const body: unknown = JSON.parse(text);
    return isJsonObject(body) ? { input: valueIn(body, "input") } : undefined;
  } catch {
    return undefined;
  }
}
