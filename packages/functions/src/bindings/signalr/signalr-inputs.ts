import type { EndpointInfo } from "@signalbox/management";
import type { BindingContext, IndexingContext, InputBinding } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { type TypedData, toTypedData } from "../../contracts/typed-data.ts";
import { requiredText } from "../definition.ts";
import type { SignalRConnections } from "./connections.ts";
import { negotiateOptions } from "./negotiate-options.ts";
import { refresh } from "./refresh.ts";

/** The inputs of the SignalR extension (reference functions-host §2.3, §2.6). All names are camelCase, whatever the programming model. */
export function signalRInputs(connections: SignalRConnections): readonly InputBinding[] {
  const check = (definition: BindingDefinition, context: IndexingContext) => connections.check(definition, context);
  const hubOf = (definition: BindingDefinition, context: BindingContext) =>
    connections.hub(definition, context.resolve(requiredText(definition, "hubName"))).with({ signal: context.signal });
  return [
    {
      type: "signalRConnectionInfo",
      check,
      read: async (definition, context) =>
        toTypedData(await hubOf(definition, context).negotiate(negotiateOptions(definition, context))),
    },
    {
      type: "signalRNegotiation",
      check,
      async read(definition, context): Promise<TypedData> {
        const each = await hubOf(definition, context).negotiateEach(negotiateOptions(definition, context));
        return toTypedData({
          endpoints: each.map(({ endpoint, access }) => ({ ...liteEndpoint(endpoint), connectionInfo: access })),
        });
      },
    },
    {
      type: "signalREndpoints",
      check,
      read: async (definition) => toTypedData(connections.get(definition).client.endpoints.map(liteEndpoint)),
    },
    {
      type: "signalRRefresh",
      check,
      read: async (definition, context) => toTypedData(await refresh(hubOf(definition, context), definition, context)),
    },
  ];
}

function liteEndpoint({ name, type, endpoint, online }: EndpointInfo) {
  return { endpointType: type === "primary" ? "Primary" : "Secondary", name, endpoint, online };
}
