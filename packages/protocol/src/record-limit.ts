import { MessageTooLargeError } from "./hub-protocol.ts";

/**
 * @param size bytes of a record so far, frame included
 * @throws {MessageTooLargeError}
 */
export function checkSize(size: number, limit: number): void {
  if (size > limit) throw new MessageTooLargeError(`The maximum message size of ${limit}B was exceeded.`);
}
