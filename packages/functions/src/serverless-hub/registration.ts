import { app, type HttpMethod, type HttpResponseInit, trigger } from "@azure/functions";
import type { ClientAccess } from "@signalbox/management";
import { eventsOf } from "./hub-events.ts";
import { invocationContext } from "./invocation-context.ts";
import type { FittingHub } from "./method-options.ts";
import { type HubClass, type HubInstance, hubNameOf } from "./serverless-hub.ts";

export interface ServerlessHubOptions<THub = HubInstance> {
  /** Makes the instance for one invocation: for hubs whose constructor takes something. Default: `new` without arguments. */
  readonly create?: () => THub;
  /** The HTTP function that answers negotiate requests; false: there is none. */
  readonly negotiate?: NegotiateFunction | false;
}

export interface NegotiateFunction {
  /** Clients append `/negotiate` to their URL, so a route ends with it. Default: `negotiate`. Two hubs need two routes. */
  readonly route?: string;
  /** Default: anonymous. */
  readonly authLevel?: "anonymous" | "function" | "admin";
  /** Default: POST, which clients use. */
  readonly methods?: readonly HttpMethod[];
}

/** Hubs by the name of their functions, and by the route of their negotiate function. */
const taken = new Map<string, string>();

/**
 * Registers a hub with the app, while it is being loaded: a function `<Hub>_<method>` with a `signalRTrigger` for each of its events and an
 * HTTP function `<Hub>_negotiate`.
 * @throws {TypeError} for a hub or a route registered before, a hub without a usable name, methods that differ by letter case only
 */
export function addServerlessHub<TClass extends HubClass>(
  hub: TClass & FittingHub<TClass>,
  ...options: TClass extends new () => unknown
    ? [options?: ServerlessHubOptions<InstanceType<TClass>>]
    : [options: ServerlessHubOptions<InstanceType<TClass>> & { readonly create: () => InstanceType<TClass> }]
): void {
  const hubName = hubNameOf(hub);
  if (!/^[A-Za-z][\w`,.[\]]{0,127}$/.test(hubName)) {
    throw new TypeError(
      `${JSON.stringify(hubName)} is no name for a hub: letters, digits and _\`,.[] are, a letter first. Set the static member "hubName".`,
    );
  }
  const events = eventsOf(hub);
  const { create = () => new (hub as unknown as new () => HubInstance)(), negotiate = {} }: ServerlessHubOptions =
    options[0] ?? {};
  const prefix = hubName.replace(/\W/g, "_");
  take(`the functions ${prefix}_…`, hubName);

  for (const { category, event, method, run } of events) {
    app.generic(`${prefix}_${method.replace(/\W/g, "_")}`, {
      trigger: trigger.generic({
        type: "signalRTrigger",
        name: "event",
        hubName,
        category,
        event,
        connectionStringSetting: hub.connectionSetting,
      }),
      handler: (value, context) => run(create(), invocationContext(value, context)),
    });
  }
  if (negotiate !== false) addNegotiate(hubName, `${prefix}_negotiate`, create, negotiate);
}

function addNegotiate(
  hubName: string,
  functionName: string,
  create: () => HubInstance,
  { route = "negotiate", authLevel = "anonymous", methods = ["POST"] }: NegotiateFunction,
): void {
  take(`the route "${route}"`, hubName);
  app.http(functionName, {
    route,
    authLevel,
    methods: [...methods],
    handler: async (request, context) => responseOf(await create().onNegotiate(request, context)),
  });
}

function responseOf(answer: ClientAccess | HttpResponseInit): HttpResponseInit {
  return "accessToken" in answer ? { jsonBody: answer } : answer;
}

function take(what: string, hubName: string): void {
  const key = what.toLowerCase();
  const owner = taken.get(key);
  if (owner !== undefined) throw new TypeError(`The hub ${owner} has ${what} already, which the hub ${hubName} needs as well.`);
  taken.set(key, hubName);
}
