/** Hub and application names, as the cloud and the emulator check them (reference serverless-upstream §4.2). */
export const hubNamePattern = /^[A-Za-z][A-Za-z0-9_`,.[\]]{0,127}$/;

/** The rule in words: the end of a sentence that begins with what should. */
export const hubNameRule =
  "should be between 1 and 128 characters long; the first must be a letter, the others letters, digits or one of _`,.[]";

/** Where raw clients and their REST callers are that name no hub (reference serverless-upstream §5.2). No SignalR client can name it. */
export const defaultHub = "_default";
