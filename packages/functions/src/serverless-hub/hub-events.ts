import type { HubFilter } from "./filter.ts";
import type { SignalRInvocationContext } from "./invocation-context.ts";
import { decorationOf, type MethodOptions } from "./method-options.ts";
import { checkArguments } from "./parameters.ts";
import { type HubClass, ServerlessHub } from "./serverless-hub.ts";

type Method = (this: object, context: SignalRInvocationContext, ...args: readonly unknown[]) => unknown;

/** An event of a hub and the method that takes it. */
export interface HubEvent {
  readonly category: "connections" | "messages";
  /** `connected`, `disconnected`, or the method's name. */
  readonly event: string;
  /** The method's name. */
  readonly method: string;
  /** Runs the filters, checks the arguments, calls the method of this instance. */
  readonly run: (hub: object, context: SignalRInvocationContext) => Promise<unknown>;
}

/**
 * The events that a hub takes, by the methods that it and the classes between it and `ServerlessHub` have (reference functions-host §4.1).
 * Accessors, symbols, names with `_` before them and what `ServerlessHub` itself has are no events.
 * @throws {TypeError} when two methods differ by letter case only, which the trigger does not tell, or `methods` names one that is not there
 */
export function eventsOf(hub: HubClass): readonly HubEvent[] {
  const methods = methodsOf(hub);
  for (const name of Object.keys(hub.methods)) {
    if (!methods.has(name))
      throw new TypeError(`The hub ${hub.name} has no method ${name}, which its static member "methods" names.`);
  }
  const events = [...methods].flatMap(([name, definitions]) => eventOf(hub, name, definitions) ?? []);
  // The name of the HTTP function is taken as well.
  const seen = new Map([["negotiate", "negotiate"]]);
  for (const { method } of events) {
    const other = seen.get(method.toLowerCase());
    if (other !== undefined)
      throw new TypeError(`The methods ${other} and ${method} of the hub ${hub.name} are one event: rename one.`);
    seen.set(method.toLowerCase(), method);
  }
  return events;
}

/** By name, the definitions of each method, most derived first. */
function methodsOf(hub: HubClass): ReadonlyMap<string, readonly Method[]> {
  const methods = new Map<string, Method[]>();
  let prototype: object | null = hub.prototype as object;
  while (prototype !== null && prototype !== ServerlessHub.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== "function" || name in ServerlessHub.prototype || name.startsWith("_")) continue;
      methods.set(name, [...(methods.get(name) ?? []), value as Method]);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return methods;
}

function eventOf(hub: HubClass, name: string, definitions: readonly Method[]): HubEvent | undefined {
  // What a base class demands holds also for a method that overrides its own.
  const layers: (MethodOptions | false)[] = [hub.methods[name] ?? {}, ...definitions.map((each) => decorationOf(each) ?? {})];
  const options = layers.filter((layer) => layer !== false);
  if (options.length < layers.length) return undefined;
  const filters: readonly HubFilter[] = [...hub.filters, ...options.flatMap((each) => each.filters ?? [])];
  const schemas = options.find(({ parameters }) => parameters !== undefined)?.parameters;
  const method = definitions[0]!;
  const [, connectionEvent] = /^on((?:dis)?connected)$/i.exec(name) ?? [];
  return {
    category: connectionEvent === undefined ? "messages" : "connections",
    event: connectionEvent?.toLowerCase() ?? name,
    method: name,
    async run(instance, context) {
      for (const apply of filters) await apply(context);
      const args =
        connectionEvent === undefined ? await checkArguments(name, context.arguments, method.length - 1, schemas) : [];
      return method.call(instance, context, ...args);
    },
  };
}
