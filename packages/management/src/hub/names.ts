import { InvalidArgumentError } from "../errors.ts";

/** Reference serverless-upstream §4.2; hubs and applications. */
const hubName = /^[A-Za-z][\w`,.[\]]{0,127}$/;

/** @throws {InvalidArgumentError} */
export function requireHubName(kind: "hub" | "application", name: string): string {
  if (hubName.test(name)) return name;
  throw new InvalidArgumentError(
    `The ${kind} name ${JSON.stringify(name)} is not valid: 1 to 128 letters, digits or _\`,.[] are, a letter first.`,
  );
}

/**
 * An id or name that becomes a segment of a path. Refused is what URLs cannot carry: `users/../:send` is a send to everybody, also with
 * the dots encoded.
 * @throws {InvalidArgumentError}
 */
export function requireId(kind: "connection" | "user" | "group" | "stream", id: string): string {
  if (typeof id !== "string" || id === "") throw new InvalidArgumentError(`The ${kind} must be named: it is empty.`);
  if (id === "." || id === ".." || !id.isWellFormed()) {
    throw new InvalidArgumentError(`The ${kind} ${JSON.stringify(id)} cannot be part of a URL.`);
  }
  return id;
}

/** A group's name, which also may not be blank nor longer than 1,024 characters. @throws {InvalidArgumentError} */
export function requireGroup(name: string): string {
  requireId("group", name);
  if (name.trim() !== "" && name.length <= 1024) return name;
  throw new InvalidArgumentError(
    `The group ${JSON.stringify(name.slice(0, 40))} must have 1 to 1,024 characters, not all blank.`,
  );
}

/** @throws {InvalidArgumentError} */
export function requireTarget(target: string): string {
  if (typeof target === "string" && target.trim() !== "") return target;
  throw new InvalidArgumentError("The target must be named: it is empty.");
}
