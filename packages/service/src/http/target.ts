/** @returns the path, and the query without its `?` */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const question = target.indexOf("?");
  return question < 0 ? { path: target, query: "" } : { path: target.slice(0, question), query: target.slice(question + 1) };
}
