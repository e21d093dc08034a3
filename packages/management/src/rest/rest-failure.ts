import {
  AuthenticationError,
  ClientInvocationError,
  EndpointUnreachableError,
  InvalidArgumentError,
  type ServiceErrorDetails,
  SignalRServiceError,
} from "../errors.ts";
import type { HttpAnswer } from "./http-exchange.ts";
import type { RestRequest } from "./rest-request.ts";

/** What went wrong, of an answer that is no success. */
export function failureOf(endpoint: string, request: RestRequest, answer: HttpAnswer): SignalRServiceError {
  const { status } = answer;
  const code = answer.header("x-ms-error-code");
  const details: ServiceErrorDetails = { status, code, endpoint };
  const said = sentenceOf(answer.text);
  const what = `${request.method} ${endpoint}${request.path} was answered with ${status}`;
  const message = said === undefined ? `${what}.` : `${what}: ${said}`;
  switch (status) {
    case 400:
      return new InvalidArgumentError(message, details);
    case 401:
    case 403:
      return new AuthenticationError(said === undefined ? message + challengeOf(answer) : message, details);
    case 404:
      return code === undefined
        ? new EndpointUnreachableError(`${what}: it is no SignalR service, or one that does not know this route.`, details)
        : new SignalRServiceError(message, details);
    case 424:
      return new ClientInvocationError(said ?? message, details);
    default:
      return new SignalRServiceError(message, details);
  }
}

/** The sentence of an error body: `ErrorDetail`, ASP.NET's problem details, or plain text (reference serverless-upstream §4.7). */
function sentenceOf(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "string") return body;
    const { message, errors, detail, title, error } = body as Record<string, unknown>;
    if (error !== null && typeof error === "object") return sentenceOf(JSON.stringify(error));
    const sentences = Object.values(errors ?? {}).flat();
    return [message, sentences.length > 0 ? sentences.join(" ") : undefined, detail, title].find(isText) ?? text;
  } catch {
    return text;
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** Why a token was refused, where there is no body. */
function challengeOf(answer: HttpAnswer): string {
  const challenge = answer.header("www-authenticate");
  return challenge === undefined ? "" : ` ${challenge}`;
}
