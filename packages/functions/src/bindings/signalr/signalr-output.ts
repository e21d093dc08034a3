import type { Clients, EndpointInfo, HubContext } from "@signalbox/management";
import { parseJson } from "@signalbox/protocol";
import { type BindingContext, BindingError, type IndexingContext, type OutputBinding } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { fromTypedData, type TypedData } from "../../contracts/typed-data.ts";
import { requiredText } from "../definition.ts";
import type { SignalRConnections } from "./connections.ts";
import { type EndpointChoice, type OutputItem, outputItems, type Receiver, type SignalRGroupAction } from "./output-item.ts";

/** The `signalR` output: messages and group actions, sent one after the other (reference functions-host §2.4). */
export class SignalROutput implements OutputBinding {
  readonly type = "signalR";
  readonly #connections: SignalRConnections;

  constructor(connections: SignalRConnections) {
    this.#connections = connections;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    this.#connections.check(definition, context);
  }

  async write(definition: BindingDefinition, value: TypedData, context: BindingContext): Promise<void> {
    const items = outputItems(plainValue(value));
    const hub = this.#connections.hub(definition, context.resolve(requiredText(definition, "hubName")));
    for (const item of items) await send(withEndpoints(hub, item.endpoints, context.signal), item);
  }
}

/** Text is JSON: a v3 function may return it ready-made. Integers beyond 2^53 keep their digits. */
function plainValue(value: TypedData): unknown {
  const text = value.json ?? value.string;
  if (text === undefined) return fromTypedData(value);
  try {
    return text.trim() === "" ? null : parseJson(text);
  } catch (cause) {
    throw new BindingError(
      `The value of a signalR output is neither an object, an array nor JSON: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

function withEndpoints(hub: HubContext, endpoints: EndpointChoice, signal: AbortSignal): HubContext {
  if (endpoints === undefined) return hub.with({ signal });
  const isChosen = ({ name, endpoint }: EndpointInfo) =>
    endpoints.some(
      (one) => (one.name ?? "") === name && (one.endpoint === undefined || one.endpoint.replace(/\/+$/, "") === endpoint),
    );
  return hub.with({ signal, endpoints: isChosen });
}

async function send(hub: HubContext, item: OutputItem): Promise<void> {
  if (item.kind === "message") await receivers(hub, item.to).send(item.target, ...item.arguments);
  else await changeGroups(hub, item);
}

function receivers(hub: HubContext, to: Receiver): Clients {
  if ("connectionId" in to) return hub.connection(to.connectionId);
  if ("userId" in to) return hub.user(to.userId);
  return "groupName" in to ? hub.group(to.groupName) : hub.all;
}

/** Adding a connection that has left is no error, as in the cloud's extension, which asks the service the same way. */
async function changeGroups(
  { groups, userGroups }: HubContext,
  { action, member, groupName }: SignalRGroupAction,
): Promise<void> {
  if ("connectionId" in member) {
    if (action === "add") await groups.add(member.connectionId, groupName!);
    else if (action === "remove") await groups.remove(member.connectionId, groupName!);
    else await groups.removeFromAll(member.connectionId);
  } else {
    if (action === "add") await userGroups.add(member.userId, groupName!);
    else if (action === "remove") await userGroups.remove(member.userId, groupName!);
    else await userGroups.removeFromAll(member.userId);
  }
}
