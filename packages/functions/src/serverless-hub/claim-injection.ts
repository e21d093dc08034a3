import { InvalidArgumentError, type NegotiateOptions } from "@signalbox/management";

/**
 * Refuses a user id or claim that triggers would read as more than one claim. They get all claims as one text, `type: value, type: value`, and
 * split it without looking further (reference functions-host §2.5): a user who may choose the name `x, admin: true` would be an admin.
 * @throws {InvalidArgumentError}
 */
export function refuseClaimInjection({ userId, claims = {} }: NegotiateOptions): void {
  if (userId !== undefined && isSeveral("asrs.s.uid", userId)) throw refusal("user id", userId);
  for (const [type, value] of Object.entries(claims)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (isSeveral(type, String(item))) throw refusal(`claim "${type}"`, String(item));
    }
  }
}

function isSeveral(type: string, value: string): boolean {
  const [, ...rest] = `${type}: ${value}`.split(",");
  return rest.some((part) => part.includes(": "));
}

function refusal(what: string, value: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `The ${what} ${JSON.stringify(value)} would be read as several claims: it has a ": " after a comma.`,
  );
}
