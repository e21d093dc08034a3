import { BindingError } from "../../contracts/binding.ts";
import { membersOf, textOf } from "../members.ts";

/** An endpoint as `signalREndpoints` delivers it and `endpoints` of an output item repeats it. */
interface EndpointReference {
  readonly name: string | undefined;
  readonly endpoint: string | undefined;
}

/** The endpoints that an item is for; undefined: all. */
export type EndpointChoice = readonly EndpointReference[] | undefined;

/** Whom a message or group action is for; the first that is set counts, none means everybody. */
export type Receiver =
  | { readonly connectionId: string }
  | { readonly userId: string }
  | { readonly groupName: string }
  | { readonly everybody: true };

interface SignalRMessage {
  readonly kind: "message";
  readonly target: string;
  readonly arguments: readonly unknown[];
  readonly to: Receiver;
  readonly endpoints: EndpointChoice;
}

type GroupAction = "add" | "remove" | "removeAll";

export interface SignalRGroupAction {
  readonly kind: "groupAction";
  readonly action: GroupAction;
  /** Absent with removeAll. */
  readonly groupName: string | undefined;
  readonly member: { readonly connectionId: string } | { readonly userId: string };
  readonly endpoints: EndpointChoice;
}

export type OutputItem = SignalRMessage | SignalRGroupAction;

/**
 * Reads the value of a `signalR` output: one item or an array of items, each a message or else a group action (reference functions-host
 * §2.4; member names in any letter case).
 * @throws {BindingError} for an item that is neither
 */
export function outputItems(value: unknown): readonly OutputItem[] {
  if (value === null || value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).filter((item) => item !== null && item !== undefined).map(outputItem);
}

function outputItem(value: unknown): OutputItem {
  const members = membersOf(value);
  const item = members && (messageOf(members) ?? groupActionOf(members));
  if (item === undefined) {
    throw new BindingError(
      `A signalR output takes messages ({target, arguments}) and group actions ({action, groupName, userId or connectionId}), not ${excerpt(value)}.`,
    );
  }
  return item;
}

function messageOf(members: ReadonlyMap<string, unknown>): SignalRMessage | undefined {
  const target = textOf(members.get("target"));
  const given = members.get("arguments") ?? [];
  if (target === undefined || !Array.isArray(given)) return undefined;
  const connectionId = textOf(members.get("connectionid"));
  const userId = textOf(members.get("userid"));
  const groupName = textOf(members.get("groupname"));
  return {
    kind: "message",
    target,
    arguments: given,
    to:
      connectionId !== undefined
        ? { connectionId }
        : userId !== undefined
          ? { userId }
          : groupName !== undefined
            ? { groupName }
            : { everybody: true },
    endpoints: endpointsOf(members),
  };
}

const actions: ReadonlyMap<string, GroupAction> = new Map([
  ["add", "add"],
  ["remove", "remove"],
  ["removeall", "removeAll"],
]);

function groupActionOf(members: ReadonlyMap<string, unknown>): SignalRGroupAction | undefined {
  const action = actions.get(textOf(members.get("action"))?.toLowerCase() ?? "");
  if (action === undefined) return undefined;
  const groupName = textOf(members.get("groupname"));
  if (groupName === undefined && action !== "removeAll") {
    throw new BindingError(`The group action "${action}" of a signalR output needs a groupName.`);
  }
  const connectionId = textOf(members.get("connectionid"));
  const userId = textOf(members.get("userid"));
  if (connectionId === undefined && userId === undefined) {
    throw new BindingError(`The group action "${action}" of a signalR output needs a connectionId or a userId.`);
  }
  return {
    kind: "groupAction",
    action,
    groupName,
    member: connectionId !== undefined ? { connectionId } : { userId: userId! },
    endpoints: endpointsOf(members),
  };
}

function endpointsOf(members: ReadonlyMap<string, unknown>): EndpointChoice {
  const given = members.get("endpoints") ?? undefined;
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) throw new BindingError("The endpoints of a signalR output item must be an array.");
  return given.map((value) => {
    const endpoint = membersOf(value);
    if (endpoint === undefined) {
      throw new BindingError(
        `An endpoint of a signalR output item must be an object as signalREndpoints gives it, not ${excerpt(value)}.`,
      );
    }
    return { name: textOf(endpoint.get("name")), endpoint: textOf(endpoint.get("endpoint")) };
  });
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
