import { Hub, type HubClass } from "./hub.ts";
import { HubMethod } from "./hub-method.ts";

/** What a hub class offers: found once, when it is mapped. */
export class HubType {
  readonly name: string;
  readonly #methods = new Map<string, HubMethod>();
  readonly hasOnDisconnected: boolean;
  /** Instances want to be told when their call is over. */
  readonly disposes: boolean;

  /** @throws {TypeError} for what is no hub, methods that differ in letter case alone, and options of methods that do not exist */
  constructor(hub: HubClass) {
    if (typeof hub !== "function" || !(hub.prototype instanceof Hub))
      throw new TypeError("What is mapped must be a class that extends Hub.");
    this.name = hub.name;
    const { prototype } = hub;
    this.hasOnDisconnected = prototype.onDisconnected !== Hub.prototype.onDisconnected;
    this.disposes = Symbol.dispose in prototype || Symbol.asyncDispose in prototype;
    const functions = methodsOf(prototype);
    for (const name of Object.keys(hub.methods)) {
      if (!functions.has(name))
        throw new TypeError(`${hub.name}.methods has options for '${name}', which is no method of the hub.`);
    }
    for (const [name, run] of functions) {
      const options = hub.methods[name];
      if (options === false) continue;
      const method = new HubMethod(options?.name ?? name, run, options);
      const taken = this.#methods.get(method.name.toLowerCase());
      if (taken !== undefined) {
        throw new TypeError(
          `${hub.name} has two methods '${taken.name}' and '${method.name}'; clients may write either in any letter case.`,
        );
      }
      this.#methods.set(method.name.toLowerCase(), method);
    }
    for (const method of [...this.#methods.values()]) this.#methods.set(method.name, method);
  }

  /** @param target as the client wrote it */
  find(target: string): HubMethod | undefined {
    return this.#methods.get(target) ?? this.#methods.get(target.toLowerCase());
  }
}

const own = new Set(Object.getOwnPropertyNames(Hub.prototype));

/** The nearest one of each name, from the class up to `Hub`. */
function methodsOf(prototype: object): ReadonlyMap<string, (...args: unknown[]) => unknown> {
  const found = new Map<string, (...args: unknown[]) => unknown>();
  const seen = new Set<string>();
  for (let at = prototype; at !== Hub.prototype && at !== null; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (own.has(name) || name.startsWith("_") || seen.has(name)) continue;
      seen.add(name);
      if (typeof value === "function") found.set(name, value);
    }
  }
  return found;
}
