import { headerText } from "@signalbox/protocol";

/** What the headers of an upstream request say (reference functions-host §2.5). */
export interface EventHeaders {
  readonly connectionId: string;
  readonly hub: string;
  readonly category: string;
  readonly event: string;
  readonly userId: string | null;
  /** Null when the header is absent. */
  readonly query: Readonly<Record<string, string>> | null;
  /** Null when the header is absent. */
  readonly claims: Readonly<Record<string, string>> | null;
  /** The request's own headers. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A required header is not there at all. The extension fails then, unlike for an empty one, which it refuses. */
export class MissingHeaderError extends Error {
  override readonly name = "MissingHeaderError";
}

/**
 * @returns undefined when a required header is empty
 * @throws {MissingHeaderError}
 */
export function eventHeaders(headers: Headers): EventHeaders | undefined {
  const [connectionId, hub, category, event] = ["x-asrs-connection-id", "x-asrs-hub", "x-asrs-category", "x-asrs-event"].map(
    (name) => {
      const value = headers.get(name);
      if (value === null) throw new MissingHeaderError(`The request has no header ${name}.`);
      return headerText(value);
    },
  );
  if (!connectionId || !hub || !category || !event) return undefined;
  const userHeader = headers.get("x-asrs-user-id");
  const userId = userHeader === null ? null : headerText(userHeader);
  const query = headers.get("x-asrs-client-query");
  const claims = headers.get("x-asrs-user-claims");
  return {
    connectionId,
    hub,
    category,
    event,
    userId,
    query: query === null ? null : queryOf(headerText(query)),
    claims: claims === null ? null : claimsOf(headerText(claims), userId ?? ""),
    headers: Object.fromEntries([...headers].map(([name, value]) => [name, headerText(value)])),
  };
}

/** Repeated names are joined by a comma. */
function queryOf(text: string): Record<string, string> {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const before = query.get(name);
    query.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(query);
}

/**
 * As the extension reads them: of a repeated type the first is kept; a value with a comma or ": " in it is lost. With one exception, for
 * users may choose their id: the claims that tell it end where it ends, so that no other claim can be read out of `x, admin: true`.
 */
function claimsOf(text: string, userId: string): Record<string, string> {
  const claims = new Map<string, string>();
  const add = (type: string, value: string) => {
    if (!claims.has(type)) claims.set(type, value);
  };
  for (const type of userTypes) {
    for (const id of spellings(userId)) {
      if (!id.includes(",")) continue;
      const parts = `, ${text}, `.split(`, ${type}: ${id}, `);
      if (parts.length === 1) continue;
      add(type, userId);
      text = parts.join(", ");
    }
  }
  for (const part of text.split(",")) {
    const pieces = part.trim().split(": ");
    const [type, value] = pieces as [string, string?];
    if (pieces.length === 2) add(type.trim(), value!.trim());
  }
  return Object.fromEntries(claims);
}

/** Types of claims whose value is the user id. */
const userTypes = ["asrs.s.uid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"];

/** Blanks at the ends of a header are percent-encoded; those of a claim may be within one. */
function spellings(userId: string): ReadonlySet<string> {
  const blanks = (encoded: string) => encoded.replaceAll("%20", " ");
  const start = userId.replace(/^(?:%20)+/, blanks);
  return new Set([userId, start, userId.replace(/(?:%20)+$/, blanks), start.replace(/(?:%20)+$/, blanks)]);
}
