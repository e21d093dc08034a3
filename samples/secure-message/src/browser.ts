/** What the hub calls in a browser. */
export interface Browser {
  /** @returns true once the message is on the page */
  receive(message: Message): true;
  /** The connection has the transaction's place. @param instance the app server that serves it */
  welcome(instance: string): void;
  /** A newer connection has the place now. */
  replaced(): void;
}

export interface Message {
  readonly text: string;
  /** ISO 8601. */
  readonly sentAt: string;
}
