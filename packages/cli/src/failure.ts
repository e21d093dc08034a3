import { ConnectionStringError } from "@signalbox/protocol";
import { SettingsError } from "@signalbox/service";

/** Something the user can put right. The message is one sentence; it is shown without a stack and the command ends with 1. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** Errors of other packages whose messages are sentences for the operator: nothing helps there but what they say. */
const speaking: ReadonlySet<string> = new Set(["ListenError", "StoreError", "ConfigError", "StorageEmulatorError"]);

/** The sentences of an error that the user can put right; undefined for a defect of ours, which deserves its stack. */
export function sentenceOf(error: unknown): string | undefined {
  if (error instanceof Failure || error instanceof SettingsError || error instanceof ConnectionStringError)
    return error.message;
  return error instanceof Error && speaking.has(error.name) ? error.message : undefined;
}
