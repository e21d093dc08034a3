import { resolveSettingNames } from "../config/binding-expression.ts";
import { type AppSettings, BindingError } from "../contracts/binding.ts";
import {
  type BindingDefinition,
  type FunctionDefinition,
  type LoadProblem,
  triggerOf,
} from "../contracts/function-definition.ts";
import { methodsOverlap, type Route } from "./routing/route-table.ts";
import { RouteTemplate, RouteTemplateError } from "./routing/route-template.ts";

export type AuthLevel = "anonymous" | "function" | "admin";

/** A function with an HTTP trigger, ready to be routed to. */
export interface HttpFunction extends Route {
  readonly definition: FunctionDefinition;
  /** Without the route prefix, as the function states it. */
  readonly route: string;
  readonly authLevel: AuthLevel;
  /** Name of the binding that carries the answer, often `res` or `$return`; undefined: it has none. */
  readonly answer: string | undefined;
}

const verb = /^[A-Z][A-Z0-9_-]*$/;

export function isHttpFunction(definition: FunctionDefinition): boolean {
  return definition.bindings.some((binding) => binding.type.toLowerCase() === "httptrigger");
}

/**
 * Reads the HTTP functions of an app (reference functions-host §2.2). One with a problem is left out and named; the others go on.
 * @param routePrefix without slashes at its ends
 */
export function readHttpFunctions(
  definitions: readonly FunctionDefinition[],
  routePrefix: string,
  settings: Pick<AppSettings, "get">,
): { readonly functions: readonly HttpFunction[]; readonly problems: readonly LoadProblem[] } {
  const functions: HttpFunction[] = [];
  const problems: LoadProblem[] = [];
  for (const definition of definitions.filter(isHttpFunction)) {
    try {
      const candidate = readHttpFunction(definition, routePrefix, settings);
      const rival = functions.find((other) => conflicts(candidate, other));
      if (rival !== undefined)
        throw new BindingError(`The route specified conflicts with the route defined by function '${rival.definition.name}'.`);
      functions.push(candidate);
    } catch (error) {
      if (!(error instanceof BindingError || error instanceof RouteTemplateError)) throw error;
      problems.push({ functionName: definition.name, message: error.message });
    }
  }
  return { functions, problems };
}

function conflicts(a: HttpFunction, b: HttpFunction): boolean {
  return a.template.text.toLowerCase() === b.template.text.toLowerCase() && methodsOverlap(a.methods, b.methods);
}

function readHttpFunction(
  definition: FunctionDefinition,
  routePrefix: string,
  settings: Pick<AppSettings, "get">,
): HttpFunction {
  const trigger = triggerOf(definition);
  const { route: written } = trigger;
  const resolved = typeof written === "string" ? resolveSettingNames(written, (name) => settings.get(name)) : "";
  const route = (resolved.trim() === "" ? definition.name : resolved).trim().replaceAll(/^~?\/+|\/+$/g, "");
  if (/^(?:admin|runtime)/i.test(route))
    throw new BindingError(
      `The specified route conflicts with one or more built in routes: '${route}' begins with admin or runtime.`,
    );
  return {
    definition,
    route,
    template: new RouteTemplate(routePrefix === "" ? route : `${routePrefix}/${route}`),
    methods: readMethods(trigger),
    authLevel: readAuthLevel(trigger, definition.model),
    answer: definition.bindings.find((binding) => binding.type.toLowerCase() === "http" && binding.direction !== "in")?.name,
  };
}

function readMethods({ methods }: BindingDefinition): ReadonlySet<string> | undefined {
  if (methods === undefined || methods === null) return undefined;
  const list = typeof methods === "string" ? methods.split(",") : methods;
  if (!Array.isArray(list)) throw new BindingError("methods of the HTTP trigger must be a list of verbs.");
  const verbs = list.map((method) => String(method).trim().toUpperCase());
  const odd = verbs.find((method) => !verb.test(method));
  if (odd !== undefined) throw new BindingError(`methods of the HTTP trigger holds ${JSON.stringify(odd)}, which is no verb.`);
  return verbs.length === 0 ? undefined : new Set(verbs);
}

function readAuthLevel({ authLevel }: BindingDefinition, model: FunctionDefinition["model"]): AuthLevel {
  if (authLevel === undefined || authLevel === null || authLevel === "") return model === "v4" ? "anonymous" : "function";
  const level = String(authLevel).toLowerCase();
  if (level === "anonymous" || level === "function" || level === "admin") return level;
  throw new BindingError(
    `authLevel of the HTTP trigger is ${JSON.stringify(authLevel)}; there are anonymous, function and admin.`,
  );
}
