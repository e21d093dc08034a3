import { parseTemporaryKey, type SigningKey } from "@signalbox/protocol";
import type { HealthQuestion } from "../endpoints/health-monitor.ts";
import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import { SignalRServiceError } from "../errors.ts";
import type { RestCaller } from "./rest-caller.ts";
import type { RestRequest } from "./rest-request.ts";

const health: RestRequest = { method: "HEAD", path: "/api/health", query: "?api-version=2022-06-01" };

/** Whether an endpoint takes calls. */
export function isHealthy(rest: RestCaller): HealthQuestion {
  return async (endpoint, timeoutMs, signal) => {
    try {
      await rest.attempt(endpoint, health, { timeoutMs, signal });
      return true;
    } catch (failure) {
      signal?.throwIfAborted();
      if (failure instanceof SignalRServiceError) return false;
      throw failure;
    }
  };
}

const accessKey: RestRequest = { method: "GET", path: "/api/v1/auth/accessKey", query: "" };

/** A key that the service gives to a Microsoft Entra identity for signing clients' tokens (reference serverless-upstream §6.4). */
export async function requestTemporaryKey(rest: RestCaller, endpoint: ServiceEndpoint): Promise<SigningKey> {
  const answer = await rest.call(endpoint, accessKey);
  const key = parseTemporaryKey(answer?.text ?? "");
  if (key !== undefined) return key;
  throw new SignalRServiceError("The service gave no key for signing clients' tokens.", { endpoint: endpoint.restBase });
}
