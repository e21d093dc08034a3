import { randomUUID } from "node:crypto";
import { streamInvocation } from "../app/http-stream.ts";
import type { BindingData } from "../contracts/binding.ts";
import type { FunctionDefinition } from "../contracts/function-definition.ts";
import type { FunctionRunner } from "../contracts/function-runner.ts";
import type { InvocationError, InvocationResponse, LogLevel } from "../contracts/invocation.ts";
import type { HttpFunction } from "./http-function.ts";
import { type Inbound, readBody, toRequest } from "./inbound.ts";
import { toBindingData, toRpcRequest } from "./message/request-data.ts";
import { toResponse } from "./message/response.ts";
import { traceContextOf } from "./message/trace-context.ts";
import { nameType } from "./message/unknown-type.ts";
import type { RouteValues } from "./routing/route-template.ts";

export interface FunctionDoorOptions {
  readonly runner: FunctionRunner;
  /** From `LoadedApp`: requests are handed on unread. */
  readonly httpUri: string | undefined;
  readonly maxBodyBytes: number;
  log(level: LogLevel, message: string, functionName: string): void;
}

const noBytes = new Uint8Array(0);

/**
 * Runs the function of a request and makes its answer (reference functions-host §2.2). A client that goes away does not end the function:
 * its outputs are written all the same, as in the cloud.
 */
export async function answerByFunction(
  { definition, answer }: HttpFunction,
  params: RouteValues,
  inbound: Inbound,
  options: FunctionDoorOptions,
): Promise<Response> {
  const { name } = definition;
  const { runner, httpUri, maxBodyBytes, log } = options;
  const traceContext = traceContextOf(inbound.headers);
  if (httpUri !== undefined) {
    const invocationId = randomUUID();
    const bindingData = toBindingData(inbound, params, noBytes);
    const invocation = runner.run(name, { invocationId, data: { http: {} }, bindingData, traceContext, retry: false });
    const streamed = await streamInvocation({ httpUri, invocationId, request: toRequest(inbound), invocation });
    if (!(streamed instanceof Response)) return failure(streamed);
    if (streamed.body !== null) nameType(streamed.headers);
    return streamed;
  }

  const body = await readBody(inbound, maxBodyBytes);
  if (body === undefined) return new Response(null, { status: 413 });
  const response = await runner.run(name, {
    data: { http: toRpcRequest(inbound, params, body) },
    ...bindingDataFor(definition, () => toBindingData(inbound, params, body)),
    traceContext,
  });
  if (response.error !== undefined) return failure(response.error);
  try {
    return toResponse(httpValue(response, answer), inbound.headers.get("accept"));
  } catch (error) {
    log("error", `The answer of the function cannot be sent: ${(error as Error).message}`, name);
    return new Response(null, { status: 500 });
  }
}

/** The v4 library shows none of it for HTTP, so it is not sent to the app; without other bindings nobody reads it. */
function bindingDataFor({ model, bindings }: FunctionDefinition, data: () => BindingData) {
  if (model === "v3") return { bindingData: data() };
  const hasOthers = bindings.some(({ type }) => !/^http(?:trigger)?$/i.test(type));
  return hasOthers ? { bindingData: {}, hiddenBindingData: data() } : { bindingData: {} };
}

function httpValue({ returnValue, outputs }: InvocationResponse, binding: string | undefined) {
  if (binding === undefined) return undefined;
  return binding === "$return" ? returnValue : outputs[binding];
}

/** Details are for the log alone. */
function failure(error: InvocationError): Response {
  return new Response(null, { status: error.failure === "unavailable" ? 503 : 500 });
}
