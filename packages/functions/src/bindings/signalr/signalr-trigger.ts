import { MessageType, ProtocolError, stringifyJson } from "@signalbox/protocol";
import {
  BindingError,
  type IndexingContext,
  type Running,
  type Trigger,
  type TriggerHost,
  type Webhook,
} from "../../contracts/binding.ts";
import { type BindingDefinition, type FunctionDefinition, triggerOf } from "../../contracts/function-definition.ts";
import type { InvocationResponse } from "../../contracts/invocation.ts";
import { fromTypedData, type TypedData } from "../../contracts/typed-data.ts";
import { property, requiredText } from "../definition.ts";
import type { SignalRConnections } from "./connections.ts";
import { type BodyFormat, bodyFormat, type Invocation, protocols, readCloseError, readInvocation } from "./event-body.ts";
import { type EventHeaders, eventHeaders, MissingHeaderError } from "./event-headers.ts";
import { isSigned } from "./signature.ts";

/** A function that waits for events. */
interface Listener {
  readonly binding: BindingDefinition;
  readonly host: TriggerHost;
  /** Names of the positional arguments; undefined: none are named. */
  readonly parameterNames: readonly string[] | undefined;
}

/**
 * `signalRTrigger` and the webhook `/runtime/webhooks/signalr` in front of it (reference functions-host §2.5):
 *
 *   media type 415 ▶ empty header 400 ▶ no function 404 ▶ signature 401 ▶ body 500 ▶ function
 *
 * A connection that the function of `connected` fails for is refused (403). The caller of a message learns of a failure by its completion.
 */
export class SignalRTrigger implements Trigger, Webhook {
  readonly type = "signalRTrigger";
  readonly extension = "signalr";
  readonly #connections: SignalRConnections;
  readonly #listeners = new Map<string, Listener>();

  constructor(connections: SignalRConnections) {
    this.#connections = connections;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    this.#connections.check(definition, context);
    const { category, event } = eventOf(definition, context);
    if (category !== "connections" && category !== "messages") {
      throw new BindingError(
        `The signalRTrigger "${definition.name}" has the category "${category}"; it must be connections or messages.`,
      );
    }
    if (category === "connections" && !/^(dis)?connected$/i.test(event)) {
      throw new BindingError(
        `The signalRTrigger "${definition.name}" has the event "${event}"; of the category connections there are connected and disconnected.`,
      );
    }
  }

  start(definition: FunctionDefinition, host: TriggerHost): Running {
    const binding = triggerOf(definition);
    const { hub, category, event } = eventOf(binding, host);
    const key = keyOf(hub, category, event);
    const other = this.#listeners.get(key);
    if (other !== undefined) {
      throw new BindingError(
        `The function "${other.host.functionName}" already takes the event "${event}" (${category}) of the hub "${hub}".`,
      );
    }
    const names = property(binding, "parameterNames");
    const parameterNames = Array.isArray(names) && names.length > 0 ? names.map(String) : undefined;
    const listener: Listener = { binding, host, parameterNames };
    this.#listeners.set(key, listener);
    return {
      isCalled: true,
      stop: async () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
  }

  async handle(request: Request): Promise<Response> {
    const format = bodyFormat(request.headers.get("content-type"));
    if (format === undefined) return answer(415);
    try {
      const headers = eventHeaders(request.headers);
      if (headers === undefined) return answer(400);
      const listener = this.#listeners.get(keyOf(headers.hub, headers.category, headers.event));
      if (listener === undefined) return answer(404);
      if (!this.#isGenuine(request, headers, listener)) return answer(401);
      const body = new Uint8Array(await request.arrayBuffer());
      if (headers.category.toLowerCase() === "messages") return await message(listener, headers, format, body);
      return await connectionEvent(listener, headers, format, body);
    } catch (error) {
      if (error instanceof ProtocolError || error instanceof MissingHeaderError) return answer(500, error.message);
      throw error;
    }
  }

  #isGenuine(request: Request, { connectionId }: EventHeaders, { binding }: Listener): boolean {
    const { accessKeys, isUnsigned } = this.#connections.get(binding);
    return isUnsigned || isSigned(request.headers.get("x-asrs-signature"), connectionId, accessKeys);
  }
}

async function connectionEvent(
  listener: Listener,
  headers: EventHeaders,
  format: BodyFormat,
  body: Uint8Array,
): Promise<Response> {
  const isConnected = headers.event.toLowerCase() === "connected";
  const error = isConnected ? null : readCloseError(format, body);
  const response = await run(listener, headers, { arguments: null, error });
  return answer(isConnected && response.error !== undefined ? 403 : 200);
}

async function message(listener: Listener, headers: EventHeaders, format: BodyFormat, body: Uint8Array): Promise<Response> {
  const invocation = readInvocation(format, body);
  if (invocation.target !== headers.event) {
    throw new ProtocolError("The target of the invocation is not the event of the request.");
  }
  const response = await run(listener, headers, { arguments: invocation.arguments, error: null });
  if (invocation.invocationId === undefined) return answer(200);
  return completion(format, invocation.invocationId, response);
}

function completion(format: BodyFormat, invocationId: string, { error, returnValue }: InvocationResponse): Response {
  const frame = protocols[format].encode({
    type: MessageType.Completion,
    invocationId,
    ...(error === undefined ? { result: fromTypedData(returnValue ?? {}) } : { error: error.message }),
  });
  const contentType = format === "json" ? "application/json" : "application/x-msgpack";
  return new Response(new Uint8Array(frame), { headers: { "content-type": contentType } });
}

/** What the event carries besides its headers. */
interface EventContent {
  readonly arguments: Invocation["arguments"] | null;
  readonly error: string | null;
}

/** A service that stops waiting does not end the function: its outputs are written all the same. */
async function run(
  { host, parameterNames }: Listener,
  headers: EventHeaders,
  content: EventContent,
): Promise<InvocationResponse> {
  const context = {
    Arguments: content.arguments,
    Error: content.error,
    Category: headers.category,
    Event: headers.event,
    Hub: headers.hub,
    ConnectionId: headers.connectionId,
    UserId: headers.userId,
    Headers: headers.headers,
    Query: headers.query,
    Claims: headers.claims,
  };
  const args = content.arguments ?? [];
  if (parameterNames !== undefined && parameterNames.length !== args.length) {
    const message = `The function takes ${parameterNames.length} arguments (${parameterNames.join(", ")}); the event has ${args.length}.`;
    host.log("error", `'${host.functionName}' was not called: ${message}`);
    return { invocationId: "", outputs: {}, error: { failure: "binding", name: "BindingError", message } };
  }
  const bindingData = Object.fromEntries((parameterNames ?? []).map((name, position) => [name, args[position] ?? null]));
  return host.runner.run(host.functionName, {
    data: contextData(context),
    bindingData,
    hiddenBindingData: context,
    reason: `${headers.category} event '${headers.event}' of the hub '${headers.hub}'`,
  });
}

/** JSON as .NET writes it: bytes in base64, integers with all their digits. */
function contextData(context: { readonly Arguments: readonly unknown[] | null }): TypedData {
  return { json: stringifyJson({ ...context, Arguments: context.Arguments?.map(withBase64) ?? null }) };
}

function withBase64(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(withBase64);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withBase64(member)]));
}

function eventOf(definition: BindingDefinition, context: IndexingContext) {
  const text = (name: string) => context.resolveSettings(requiredText(definition, name));
  return { hub: text("hubName"), category: text("category").toLowerCase(), event: text("event") };
}

function keyOf(hub: string, category: string, event: string): string {
  return JSON.stringify([hub, category, event].map((text) => text.toLowerCase()));
}

/** @param reason sent as the reason phrase: one line of visible ASCII */
function answer(status: number, reason?: string): Response {
  if (reason === undefined) return new Response(null, { status });
  return new Response(null, { status, statusText: reason.replaceAll(/[^ -~]+/g, " ").slice(0, 500) });
}
