import { MessageTooLargeError, ProtocolError } from "./hub-protocol.ts";

/**
 * @param size bytes of a record so far, frame included
 * @throws {MessageTooLargeError}
 */
export function checkSize(size: number, limit: number): void {
  if (size > limit) throw new MessageTooLargeError(`The maximum message size of ${limit}B was exceeded.`);
}

/** The error, with the records of the chunk that came whole before the bad one. */
export function keepBefore(error: unknown, records: readonly Uint8Array[] | undefined): unknown {
  if (error instanceof ProtocolError && records !== undefined) error.before = records;
  return error;
}
