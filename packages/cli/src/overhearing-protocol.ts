import { type HubMessage, type IHubProtocol, type ILogger, type InvocationMessage, MessageType } from "@microsoft/signalr";

/**
 * A hub protocol that reports every invocation that arrives, whatever its target. The client library calls handlers by name only
 * and warns of names nobody registered, so invocations that want no answer stop here.
 */
export class OverhearingProtocol implements IHubProtocol {
  readonly name: string;
  readonly version: number;
  readonly transferFormat: IHubProtocol["transferFormat"];
  readonly #inner: IHubProtocol;
  readonly #heard: (message: InvocationMessage) => void;

  constructor(inner: IHubProtocol, heard: (message: InvocationMessage) => void) {
    this.name = inner.name;
    this.version = inner.version;
    this.transferFormat = inner.transferFormat;
    this.#inner = inner;
    this.#heard = heard;
  }

  parseMessages(input: string | ArrayBuffer, logger: ILogger): HubMessage[] {
    return this.#inner.parseMessages(input, logger).filter((message) => {
      if (message.type !== MessageType.Invocation) return true;
      this.#heard(message);
      return message.invocationId !== undefined;
    });
  }

  writeMessage(message: HubMessage): string | ArrayBuffer {
    return this.#inner.writeMessage(message);
  }
}
