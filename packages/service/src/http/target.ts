/** Path and query of an absolute URL, as they stand. */
export function targetOf(url: string): string {
  const path = url.indexOf("/", url.indexOf("://") + 3);
  return path < 0 ? "/" : url.slice(path);
}

/** @returns the path, and the query without its `?` */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const question = target.indexOf("?");
  return question < 0 ? { path: target, query: "" } : { path: target.slice(0, question), query: target.slice(question + 1) };
}
