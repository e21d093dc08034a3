/** The query of a URL or request target, decoded. */
export function queryOf(target: string): URLSearchParams {
  const start = target.indexOf("?");
  if (start < 0) return new URLSearchParams();
  const end = target.indexOf("#", start);
  return new URLSearchParams(target.slice(start + 1, end < 0 ? undefined : end));
}

/** All values of a parameter, in order. Names are compared without case, as ASP.NET Core does. */
export function queryValues(query: URLSearchParams, name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (const [key, value] of query) {
    if (key.toLowerCase() === wanted) values.push(value);
  }
  return values;
}

const id = /[?&]id=/i;
/** Names may be percent-encoded. */
const encodedName = /[?&][^=&?%+]*[%+]/;

/** The `id` of a connect request: the connection token, undefined when absent or empty. Repeated, it names no connection. */
export function connectionIdOf(target: string): string | undefined {
  // Clients that skip negotiation send no id but their whole token: it is not taken apart for nothing.
  if (!id.test(target) && !encodedName.test(target)) return undefined;
  const values = queryValues(queryOf(target), "id");
  return values.length === 0 || (values.length === 1 && values[0] === "") ? undefined : values.join(",");
}
