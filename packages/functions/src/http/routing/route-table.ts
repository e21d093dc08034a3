import type { RouteTemplate, RouteValues } from "./route-template.ts";

export interface Route {
  readonly template: RouteTemplate;
  /** Upper-case; undefined: all. */
  readonly methods: ReadonlySet<string> | undefined;
}

export interface RouteMatch<R extends Route> {
  readonly route: R;
  readonly values: RouteValues;
}

/** Routes in the order in which they are asked: by precedence, then as given. */
export class RouteTable<R extends Route> {
  readonly #routes: readonly R[];

  constructor(routes: readonly R[]) {
    this.#routes = routes.toSorted((a, b) => compare(a.template.precedence, b.template.precedence));
  }

  /**
   * The first route that has both the path and the method; a route with another method does not end the search.
   * @param method upper-case
   * @param path decoded segments
   */
  match(method: string, path: readonly string[]): RouteMatch<R> | undefined {
    for (const route of this.#routes) {
      if (route.methods !== undefined && !route.methods.has(method)) continue;
      const values = route.template.match(path);
      if (values !== undefined) return { route, values };
    }
    return undefined;
  }
}

/** True when both may be asked for the same method. */
export function methodsOverlap(a: Route["methods"], b: Route["methods"]): boolean {
  return a === undefined || b === undefined || [...a].some((method) => b.has(method));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
