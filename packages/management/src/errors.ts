export interface ServiceErrorDetails {
  /** HTTP status of the service's answer; absent when none came. */
  readonly status?: number | undefined;
  /** The answer's `x-ms-error-code`, such as `Error.Connection.NotExisted`. */
  readonly code?: string | undefined;
  /** The endpoint's base URL. */
  readonly endpoint?: string | undefined;
  readonly cause?: unknown;
}

/** A call that failed. Subclasses say what a caller can do about it; this class itself is every other status. */
export class SignalRServiceError extends Error {
  override readonly name: string = "SignalRServiceError";
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly endpoint: string | undefined;

  constructor(message: string, details: ServiceErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.status = details.status;
    this.code = details.code;
    this.endpoint = details.endpoint;
  }
}

/** A name or value was refused: here, before anything was sent, or by the service with 400. */
export class InvalidArgumentError extends SignalRServiceError {
  override readonly name = "InvalidArgumentError";
}

/** The service refused the credentials (401, 403), or there are none to send. */
export class AuthenticationError extends SignalRServiceError {
  override readonly name = "AuthenticationError";
}

/** Nothing answers at the endpoint, or what answers is no SignalR service (404 without a code): the address is wrong or the service down. */
export class EndpointUnreachableError extends SignalRServiceError {
  override readonly name = "EndpointUnreachableError";
}

/** The service did not answer within `timeoutMs`. Whether it carried out the call is not known. */
export class RequestTimeoutError extends SignalRServiceError {
  override readonly name = "RequestTimeoutError";
}

/** Several endpoints are configured and none of those that may take the call is online. */
export class NoEndpointAvailableError extends SignalRServiceError {
  override readonly name = "NoEndpointAvailableError";
}

/** The connection that was addressed does not exist. */
export class ConnectionNotFoundError extends SignalRServiceError {
  override readonly name = "ConnectionNotFoundError";
}

/** The claims name another user than the connection's. */
export class UserMismatchError extends SignalRServiceError {
  override readonly name = "UserMismatchError";
}

/** The client that was asked answered with an error, not in time, or left; `message` is its sentence, `code` tells which. */
export class ClientInvocationError extends SignalRServiceError {
  override readonly name = "ClientInvocationError";
}

/** A client's access token would be longer than 4,096 characters, which URLs do not carry: pass fewer claims. */
export class AccessTokenTooLongError extends SignalRServiceError {
  override readonly name = "AccessTokenTooLongError";
}
