import type { ListItem, Listing } from "../hub/command.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { type Call, execute } from "./route.ts";

/** Parameters of every paged list. */
export interface PageValues {
  readonly maxPageSize: number | undefined;
  /** Over this page and those after it. */
  readonly top: number | undefined;
  /** The id after which the page begins. */
  readonly continuationToken: string | undefined;
}

export function pageLimit({ maxPageSize = 200, top }: PageValues): number {
  return Math.min(maxPageSize, top ?? maxPageSize);
}

/** Answers one page of a hub's list: `{value, nextLink?}` (reference serverless-upstream §4.6). */
export async function listReply(
  call: Call,
  values: PageValues & { readonly hub: string; readonly application?: string | undefined },
  of: Listing,
  show: (item: ListItem) => object,
): Promise<Reply> {
  const limit = pageLimit(values);
  const after = values.continuationToken;
  const { items, more } = await execute(call, values, { do: "list", of, limit, ...(after === undefined ? {} : { after }) });
  return pageReply(call, values, items.map(show), more ? items.at(-1)?.id : undefined);
}

/** @param last id of the last item when more follow */
export function pageReply(call: Call, { top }: PageValues, value: readonly object[], last: string | undefined): Reply {
  const remaining = top === undefined ? undefined : top - value.length;
  if (last === undefined || remaining === 0) return jsonReply({ value });
  return jsonReply({ value, nextLink: nextLink(call, last, remaining) });
}

/** The URL of the request, continued: absolute, because SDKs follow it unchanged. */
function nextLink({ request, query, options }: Call, last: string, top: number | undefined): string {
  const parameters = new URLSearchParams(query.raw);
  for (const name of [...parameters.keys()]) {
    if (name.toLowerCase() === "continuationtoken" || name.toLowerCase() === "top") parameters.delete(name);
  }
  if (top !== undefined) parameters.set("top", String(top));
  parameters.set("continuationToken", last);
  const path = request.target.split("?", 1)[0];
  return `${options.endpoint ?? request.origin}${path}?${parameters}`;
}
