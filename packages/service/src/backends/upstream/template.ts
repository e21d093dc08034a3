/**
 * Where events of certain hubs, categories and events go (reference serverless-upstream §2.2, §2.3). A pattern is `*` for any, a name, or
 * names separated by commas; blanks around a name do not count, letter case does. Absent: any. Null or empty: none.
 */
export interface UpstreamTemplate {
  readonly hubPattern?: string | null;
  readonly categoryPattern?: string | null;
  readonly eventPattern?: string | null;
  /** Absolute http or https URL; `{hub}`, `{category}` and `{event}` are filled in, percent-encoded. */
  readonly urlTemplate: string;
}

export type UpstreamCategory = "connections" | "messages";

/** What patterns are compared with and what tokens of a URL stand for. */
export interface UpstreamEventName {
  /** As the client spelled it. */
  readonly hub: string;
  readonly category: UpstreamCategory;
  /** `connected`, `disconnected`, or the target of a message. */
  readonly event: string;
}

/** The URL of a template cannot be called; the text says why. */
export class UpstreamUrlError extends Error {
  override readonly name = "UpstreamUrlError";
}

/** The first template whose three patterns all match; undefined when there is none. */
export function findTemplate(templates: readonly UpstreamTemplate[], name: UpstreamEventName): UpstreamTemplate | undefined {
  return templates.find(
    ({ hubPattern, categoryPattern, eventPattern }) =>
      matches(hubPattern, name.hub) && matches(categoryPattern, name.category) && matches(eventPattern, name.event),
  );
}

function matches(pattern: string | null | undefined, value: string): boolean {
  if (pattern === undefined || pattern === "*") return true;
  if (pattern === null) return false;
  return pattern.split(",").some((part) => {
    const name = part.trim();
    return name === "*" || (name !== "" && name === value);
  });
}

/**
 * Fills in the tokens.
 * @throws {UpstreamUrlError} when the result is no absolute http or https URL, or when a client's event name (`..`) would lead to a
 * path that the template does not name
 */
export function expandUrl(urlTemplate: string, name: UpstreamEventName): URL {
  const expanded = expand(urlTemplate, name);
  const url = URL.parse(expanded);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UpstreamUrlError(
      `The upstream template '${shownTemplate(urlTemplate)}' does not make an absolute http or https URL`,
    );
  }
  if (climbs(urlTemplate, name)) {
    throw new UpstreamUrlError(
      `The name '${name.event}' would leave the path of the upstream template '${shownTemplate(urlTemplate)}'`,
    );
  }
  return url;
}

/** Without user name, password and query: sentences are logged, and keys live there. */
export function shownTemplate(urlTemplate: string): string {
  return urlTemplate.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//");
}

function expand(text: string, name: UpstreamEventName): string {
  return text.replace(/\{(hub|category|event)\}/g, (_, token: keyof UpstreamEventName) => escapeDataString(name[token]));
}

/** A dot is unreserved, so no encoding keeps URL parsers from taking a segment `.` or `..` for a step in the path. */
function climbs(urlTemplate: string, name: UpstreamEventName): boolean {
  const [path = ""] = urlTemplate.split(/[?#]/, 1);
  return path.split("/").some((segment) => {
    const expanded = expand(segment, name);
    return expanded !== segment && /^(\.|%2e){1,2}$/i.test(expanded);
  });
}

/**
 * .NET's `Uri.EscapeDataString`: everything but RFC 3986 unreserved characters as UTF-8 bytes; half of a surrogate pair becomes U+FFFD.
 */
function escapeDataString(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
