/** Thrown by a hub method, its message goes to the client. Of every other error the client learns only that there was one. */
export class HubException extends Error {
  override readonly name: string = "HubException";
}

/**
 * Why a client could not be reached:
 * `connectionNotFound`: there is no such connection. `disconnected`: it ended before it answered. `timeout`: nobody answered in time.
 * `serviceUnavailable`: the hub is not connected to the service.
 */
export type DeliveryFailure = "connectionNotFound" | "disconnected" | "timeout" | "serviceUnavailable";

/** What was meant for a client did not reach it, or its answer not us. What its own method threw is a `HubException` instead. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  readonly code: DeliveryFailure;

  constructor(code: DeliveryFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What the service is not there for. */
export function serviceUnavailable(): DeliveryError {
  return new DeliveryError("serviceUnavailable", "The hub is not connected to the service.");
}

/** What a client sent does not fit the method it called. */
export class InvalidDataException extends Error {
  override readonly name = "InvalidDataException";
}

/** A call that nobody waits for any more: the client cancelled it or left. */
export function canceled(): DOMException {
  return new DOMException("The operation was canceled.", "AbortError");
}

/**
 * An error as a client reads it (reference hub-and-service-protocol §3.2).
 * @param isDetailed also the text of errors that were not meant for clients
 */
export function errorText(sentence: string, error: unknown, isDetailed: boolean): string {
  if (!isDetailed && !(error instanceof HubException)) return sentence;
  return `${sentence} ${described(error)}`;
}

function described(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  try {
    return String(error);
  } catch {
    return "What was thrown has no text.";
  }
}
