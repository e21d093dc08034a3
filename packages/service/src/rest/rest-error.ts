/**
 * Every error of the REST API: status, `x-ms-error-code`, and when it occurs. Codes are `{Level}.{Scope}.{Kind}`; those of the cloud are
 * in reference serverless-upstream §4.7, and SDKs tell a plain "no" from a failure by them alone.
 */
export const restErrors = {
  connectionUnknown: { status: 404, code: "Warning.Connection.NotExisted", when: "No connection has this id." },
  connectionUnknownForCommand: { status: 404, code: "Error.Connection.NotExisted", when: "No connection has this id." },
  anotherUser: {
    status: 403,
    code: "Error.Connection.UserMismatch",
    when: "The claims name another user than the connection's.",
  },
  userUnknown: { status: 404, code: "Warning.User.NotExisted", when: "The user has no connection." },
  groupUnknown: { status: 404, code: "Warning.Group.NotExisted", when: "No connection is in the group." },
  userNotInGroup: { status: 404, code: "Info.User.NotInGroup", when: "The user is not in the group." },
  invalid: { status: 400, code: "Error.Request.Invalid", when: "A name, a parameter or the body is not valid." },
  unknownVersion: { status: 400, code: "UnsupportedApiVersion", when: "There never was such an `api-version`." },
  notInVersion: { status: 404, code: "Error.Request.NotInApiVersion", when: "The route came with a later `api-version`." },
  tooLarge: { status: 413, code: "Error.Request.TooLarge", when: "The body is larger than the limit." },
  mediaType: { status: 415, code: "Error.Request.UnsupportedMediaType", when: "The `Content-Type` is none of those listed." },
  entraOnly: { status: 403, code: "Error.Request.EntraOnly", when: "Always: Signalbox knows access keys only." },
  clientFailed: { status: 424, code: "Error.Connection.InvocationFailed", when: "The client answered with an error." },
  clientTimeout: { status: 424, code: "Error.Connection.InvocationTimeout", when: "The client did not answer in time." },
  clientLeft: { status: 424, code: "Error.Connection.Disconnected", when: "The connection ended before the client answered." },
} as const;

export type RestErrorName = keyof typeof restErrors;

/** A request that is answered with an error. The message is shown to the caller. */
export class RestError extends Error {
  override readonly name = "RestError";
  readonly error: RestErrorName;
  /** The parameter or field that was wrong. */
  readonly target: string | undefined;

  constructor(error: RestErrorName, message: string, target?: string) {
    super(message);
    this.error = error;
    this.target = target;
  }

  get status(): number {
    return restErrors[this.error].status;
  }

  get code(): string {
    return restErrors[this.error].code;
  }
}

/** A 400. */
export function invalid(message: string, target?: string): RestError {
  return new RestError("invalid", message, target);
}
