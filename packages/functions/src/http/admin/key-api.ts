import { Hono } from "hono";
import { isJsonObject, valueIn } from "../../config/json-file.ts";
import type { KeyScope, Secrets } from "../keys/secrets.ts";

const masterName = "_master";

export interface KeyApiOptions {
  readonly secrets: Secrets;
  /** The function's own spelling of its name; undefined: there is no such function. */
  functionName(name: string): string | undefined;
}

/**
 * Key management (reference functions-host §3.5): `/admin/host/{keys|functionkeys|systemkeys}` and `/admin/functions/{name}/keys`, each with
 * `/{key}` for one. GET reads, POST makes a new value, PUT sets the one given, DELETE removes.
 */
export function createKeyApi({ secrets, functionName }: KeyApiOptions): Hono {
  const api = new Hono();

  for (const [path, scopeOf] of [
    ["/admin/host/:scope{(?:keys|functionkeys|systemkeys)}", hostScope],
    ["/admin/functions/:function/keys", functionScope],
  ] as const) {
    api.get(path, async (c) => {
      const scope = await scopeOf(c.req.param());
      if (scope === undefined) return c.body(null, 404);
      const keys = [...secrets.keys(scope)].map(([name, value]) => ({ name, value }));
      return c.json({ keys, links: [{ rel: "self", href: c.req.url.split("?", 1)[0] }] });
    });

    api.on(["GET", "POST", "PUT", "DELETE"], `${path}/:key`, async (c) => {
      const scope = await scopeOf(c.req.param());
      if (scope === undefined) return c.body(null, 404);
      const name = c.req.param("key");
      const href = c.req.url.split("?", 1)[0];
      const isMaster = typeof scope === "string" && name.toLowerCase() === masterName;
      const current = isMaster ? secrets.masterKey : secrets.keys(scope).get(name);

      switch (c.req.method) {
        case "GET":
          return current === undefined ? c.body(null, 404) : c.json(described(current));
        case "DELETE":
          // The cloud's host keeps the keys it made for itself, too.
          if (name.startsWith("_")) return c.json({ Message: "A built-in key cannot be removed." }, 400);
          return c.body(null, (await secrets.delete(scope, name)) ? 204 : 404);
        default: {
          if (name.startsWith("_") && !isMaster)
            return c.json({ Message: "Names of keys must not begin with an underscore." }, 400);
          const given = c.req.method === "PUT" ? await readValue(c.req.raw, name) : undefined;
          if (given instanceof Error) return c.json({ Message: given.message }, 400);
          const value = isMaster ? await secrets.setMasterKey(given) : await secrets.set(scope, name, given);
          return c.json(described(value), current === undefined ? 201 : 200);
        }
      }

      function described(value: string) {
        return { name, value, links: [{ rel: "self", href }] };
      }
    });
  }
  return api;

  async function hostScope(params: Record<string, string>): Promise<KeyScope> {
    return params.scope === "systemkeys" ? "systemkeys" : "functionkeys";
  }

  async function functionScope(params: Record<string, string>): Promise<KeyScope | undefined> {
    const name = functionName(params.function ?? "");
    if (name === undefined) return undefined;
    await secrets.ensure({ functionName: name });
    return { functionName: name };
  }
}

/** Of a PUT: `{name, value}`, the name being that of the address. */
async function readValue(request: Request, name: string): Promise<string | Error> {
  const body: unknown = await request.json().catch(() => undefined);
  if (!isJsonObject(body)) return new Error("The body must be a JSON object with the name and the value of the key.");
  const givenName = valueIn(body, "name");
  const value = valueIn(body, "value");
  if (givenName !== undefined && givenName !== name) return new Error("The name in the body is not that of the address.");
  if (typeof value !== "string" || value === "") return new Error("The value of the key must be a text that is not empty.");
  return value;
}
