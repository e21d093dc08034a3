import { InvalidArgumentError, SignalRServiceError } from "../errors.ts";
import { pathOf, type RestAnswer } from "../rest/rest-request.ts";
import type { HubCaller } from "./hub-caller.ts";
import type { GroupMember, ListOptions } from "./hub-context.ts";

/** The connections in a group, endpoint after endpoint, page after page. */
export function listConnections(
  caller: HubCaller,
  group: string,
  { top, maxPageSize }: ListOptions = {},
): AsyncIterableIterator<GroupMember> {
  requireCount("top", top, Number.MAX_SAFE_INTEGER);
  requireCount("maxPageSize", maxPageSize, 200);
  return members(caller, group, top ?? Number.POSITIVE_INFINITY, maxPageSize);
}

async function* members(caller: HubCaller, group: string, top: number, maxPageSize: number | undefined) {
  let left = top;
  for (const endpoint of await caller.endpoints({ kind: "group", id: group })) {
    if (left === 0) return;
    const query = { top: left === Number.POSITIVE_INFINITY ? undefined : String(left), maxpagesize: maxPageSize?.toString() };
    const path = `/groups${pathOf(group)}/connections`;
    let page = pageOf(await caller.one(endpoint, { method: "GET", path, query, apiVersion: "2024-12-01" }));
    while (true) {
      for (const member of page.value) {
        yield member;
        if (--left === 0) return;
      }
      if (page.nextLink === undefined) break;
      page = pageOf(await caller.follow(endpoint, page.nextLink));
    }
  }
}

interface Page {
  readonly value: readonly GroupMember[];
  readonly nextLink?: string;
}

function pageOf(answer: RestAnswer | undefined): Page {
  const { value = [], nextLink } = parse(answer?.text ?? "");
  return {
    value: value.map(({ connectionId, userId }) => (userId ? { connectionId, userId } : { connectionId })),
    ...(nextLink ? { nextLink } : {}),
  };
}

function parse(text: string): Partial<Page> {
  try {
    return JSON.parse(text) as Partial<Page>;
  } catch (cause) {
    throw new SignalRServiceError("The list of connections is no JSON.", { cause });
  }
}

function requireCount(name: string, count: number | undefined, most: number): void {
  if (count === undefined || (Number.isInteger(count) && count >= 1 && count <= most)) return;
  throw new InvalidArgumentError(`${name} must be a whole number from 1${most === 200 ? " to 200" : ""}, not ${count}.`);
}
