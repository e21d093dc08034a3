import { type Family, type Method, pathsOf, type Route } from "./route.ts";

/** A path that is served: its routes by method. */
interface Leaf {
  readonly family: Family;
  readonly routes: ReadonlyMap<string, Route>;
  /** Value of the `Allow` header. */
  readonly allow: string;
}

export interface Match {
  readonly leaf: Leaf;
  /** Decoded parts of the path, by the names in the template. */
  readonly path: Readonly<Record<string, string>>;
}

interface Node {
  /** By lower-case text. */
  readonly literals: Map<string, Node>;
  parameter: { readonly name: string; readonly node: Node } | undefined;
  leaf: { readonly family: Family; readonly routes: Map<Method, Route>; allow: string } | undefined;
}

const createNode = (): Node => ({ literals: new Map(), parameter: undefined, leaf: undefined });

/**
 * Finds the routes of a path, one segment a step:
 *
 *   api ─┬─ hubs ── {hub} ─┬─ :send
 *        │                 ├─ users ── {user} ─┬─ :send
 *        ├─ v1 ── hubs …   ┊                   └─ groups ── {group}
 *        └─ health
 *
 * A literal goes before the parameter beside it, and there is never a way back. This is no router library because literals match in any
 * letter case and percent-encoded (`%3Asend`), parameters do not, and each path in its many spellings must know its methods.
 */
export class RouteTree {
  readonly #root = createNode();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      for (const family of Object.keys(route.served) as Family[]) {
        for (const path of pathsOf(route, family)) this.#add(family, path, route);
      }
    }
  }

  /** @param segments of the path, decoded, without empty ones at its ends */
  find(segments: readonly string[]): Match | undefined {
    let node = this.#root;
    const path: Record<string, string> = {};
    for (const segment of segments) {
      const { parameter, literals } = node;
      const next = literals.size === 0 ? undefined : (literals.get(segment) ?? literals.get(segment.toLowerCase()));
      if (next !== undefined) {
        node = next;
        continue;
      }
      if (parameter === undefined || segment === "") return undefined;
      path[parameter.name] = segment;
      node = parameter.node;
    }
    return node.leaf && { leaf: node.leaf, path };
  }

  #add(family: Family, path: string, route: Route): void {
    let node = this.#root;
    for (const segment of path.slice(1).split("/")) node = child(node, segment);
    node.leaf ??= { family, routes: new Map(), allow: "" };
    for (const method of route.methods) {
      if (node.leaf.routes.has(method)) throw new Error(`${method} ${path} is in the table twice.`);
      node.leaf.routes.set(method, route);
    }
    node.leaf.allow = [...node.leaf.routes.keys()].sort().join(", ");
  }
}

function child(node: Node, segment: string): Node {
  if (!segment.startsWith("{")) {
    const key = segment.toLowerCase();
    const next = node.literals.get(key) ?? createNode();
    node.literals.set(key, next);
    return next;
  }
  const name = segment.slice(1, -1);
  node.parameter ??= { name, node: createNode() };
  if (node.parameter.name !== name) throw new Error(`${segment} has a neighbour in the table.`);
  return node.parameter.node;
}
