import Module from "node:module";
import { pathToFileURL } from "node:url";

const coreName = "@azure/functions-core";

type Load = (this: unknown, request: string, ...rest: unknown[]) => unknown;
/** Members of `node:module` that its declarations leave out or that older versions lack. */
interface ModuleInternals {
  _load: Load;
  register(specifier: string): void;
  registerHooks?(hooks: { resolve?: Hook; load?: Hook }): void;
}
type Hook = (name: string, context: object, next: (name: string, context: object) => object) => object;

/**
 * Makes `@azure/functions-core`, which is no installed package, available to the app and to the library it brings: to `require`, also from
 * bundles that leave it external, and to `import`.
 */
export function provideCoreModule(api: Readonly<Record<string, unknown>>): void {
  const internals = Module as unknown as ModuleInternals;
  const load = internals._load;
  internals._load = function (request, ...rest) {
    return request === coreName ? api : load.call(this, request, ...rest);
  };

  const key = Symbol.for(coreName);
  Object.defineProperty(globalThis, key, { value: api });
  const names = Object.keys(api);
  const source = `const api = globalThis[Symbol.for("${coreName}")];
export default api;
export const { ${names.join(", ")} } = api;`;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  if (internals.registerHooks !== undefined) {
    internals.registerHooks({
      resolve: (specifier, context, next) =>
        specifier === coreName ? { url, format: "module", shortCircuit: true } : next(specifier, context),
    });
    return;
  }
  // Node 20 has hooks in their own thread alone.
  const hook = `export async function resolve(specifier, context, next) {
  return specifier === ${JSON.stringify(coreName)} ? { url: ${JSON.stringify(url)}, format: "module", shortCircuit: true } : next(specifier, context);
}`;
  internals.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

/**
 * An app without a package.json is CommonJS for the cloud, where its folder is alone. Beneath a folder whose package.json says otherwise,
 * Node would take its scripts for ES modules; Node 20, which has no such hooks, does.
 *
 * @param root absolute path of the app
 */
export function takeForCommonJs(root: string): void {
  const start = `${pathToFileURL(root).href}/`;
  const isOwn = (url: string) => url.startsWith(start) && url.endsWith(".js") && !url.includes("/node_modules/");
  const load: Hook = (url, context, next) => next(url, isOwn(url) ? { ...context, format: "commonjs" } : context);
  (Module as unknown as ModuleInternals).registerHooks?.({ load });
}
