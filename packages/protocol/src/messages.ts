/*
 * The hub messages. An optional field that is undefined is absent, whether the object has it or not; the one exception is
 * `result` of a completion.
 */

/** Hub message types and their numbers on the wire (HubProtocol.md; reference hub-and-service-protocol §2.2). */
export const MessageType = {
  Invocation: 1,
  StreamItem: 2,
  Completion: 3,
  StreamInvocation: 4,
  CancelInvocation: 5,
  Ping: 6,
  Close: 7,
  Ack: 8,
  Sequence: 9,
} as const;

export type MessageTypeNumber = (typeof MessageType)[keyof typeof MessageType];

/** String to string; trace context travels here. Absent and empty mean the same. */
export type MessageHeaders = Readonly<Record<string, string>>;

/** A call of a method. Without `invocationId` nobody waits for an answer. */
export interface InvocationMessage {
  readonly type: typeof MessageType.Invocation;
  readonly headers?: MessageHeaders;
  readonly invocationId?: string;
  readonly target: string;
  readonly arguments: readonly unknown[];
  /** Ids of the streams that the caller uploads beside the arguments. */
  readonly streamIds?: readonly string[];
}

export interface StreamItemMessage {
  readonly type: typeof MessageType.StreamItem;
  readonly headers?: MessageHeaders;
  readonly invocationId: string;
  readonly item: unknown;
}

/** The end of an invocation or stream: an error, a result (which may be null), or neither (void). */
export interface CompletionMessage {
  readonly type: typeof MessageType.Completion;
  readonly headers?: MessageHeaders;
  readonly invocationId: string;
  readonly error?: string;
  /** Present, even when its value is null, only if the completion carries a result: test with `"result" in message`. */
  readonly result?: unknown;
}

export interface StreamInvocationMessage {
  readonly type: typeof MessageType.StreamInvocation;
  readonly headers?: MessageHeaders;
  readonly invocationId: string;
  readonly target: string;
  readonly arguments: readonly unknown[];
  readonly streamIds?: readonly string[];
}

export interface CancelInvocationMessage {
  readonly type: typeof MessageType.CancelInvocation;
  readonly headers?: MessageHeaders;
  readonly invocationId: string;
}

export interface PingMessage {
  readonly type: typeof MessageType.Ping;
}

export interface CloseMessage {
  readonly type: typeof MessageType.Close;
  /** Present, even when empty: the connection ends with an error. */
  readonly error?: string;
  readonly allowReconnect?: boolean;
}

/** Stateful reconnect: the highest counted message received so far. */
export interface AckMessage {
  readonly type: typeof MessageType.Ack;
  readonly sequenceId: number;
}

/** Stateful reconnect: the number of the first message that will be replayed. */
export interface SequenceMessage {
  readonly type: typeof MessageType.Sequence;
  readonly sequenceId: number;
}

export type HubMessage =
  | InvocationMessage
  | StreamItemMessage
  | CompletionMessage
  | StreamInvocationMessage
  | CancelInvocationMessage
  | PingMessage
  | CloseMessage
  | AckMessage
  | SequenceMessage;
