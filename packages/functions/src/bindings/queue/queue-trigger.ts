import { setTimeout as sleep } from "node:timers/promises";
import type { QueueClient, ReceivedMessageItem } from "@azure/storage-queue";
import type { IndexingContext, Running, Trigger, TriggerHost } from "../../contracts/binding.ts";
import { type BindingDefinition, type FunctionDefinition, triggerOf } from "../../contracts/function-definition.ts";
import type { TypedData } from "../../contracts/typed-data.ts";
import { requiredText } from "../definition.ts";
import { hasStatus, type StorageConnections } from "../storage/storage-connections.ts";
import { decodeMessage, encodeMessage, type MessageEncoding } from "./message-encoding.ts";

/** host.json `extensions.queues`. Times in milliseconds. */
export interface QueueOptions {
  readonly messageEncoding: MessageEncoding;
  /** Messages taken at once, 1 to 32. */
  readonly batchSize: number;
  /** Attempts before a message goes to the poison queue. */
  readonly maxDequeueCount: number;
  /** Longest pause between two looks at an empty queue. */
  readonly maxPollingInterval: number;
  /** Before a failed message is tried again. */
  readonly visibilityTimeout: number;
}

/** As the storage extension has them. */
export const defaultQueueOptions: QueueOptions = {
  messageEncoding: "base64",
  batchSize: 16,
  maxDequeueCount: 5,
  maxPollingInterval: 60_000,
  visibilityTimeout: 0,
};

/** While a function runs its message is hidden this long and hidden again at half time. Seconds. */
const leaseSeconds = 600;
const shortestPause = 100;

/**
 * `queueTrigger`: takes up to `batchSize` messages, runs the function for each at the same time, and takes more when all have ended. A
 * message is deleted when its function succeeded; one that failed `maxDequeueCount` times moves to the queue `<name>-poison`.
 */
export class QueueTrigger implements Trigger {
  readonly type = "queueTrigger";
  readonly #storage: StorageConnections;
  readonly #options: QueueOptions;

  constructor(storage: StorageConnections, options: QueueOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    context.resolveSettings(requiredText(definition, "queueName"));
    this.#storage.queues(definition, context);
  }

  start(definition: FunctionDefinition, host: TriggerHost): Running {
    const binding = triggerOf(definition);
    const service = this.#storage.queues(binding, host);
    const name = host.resolveSettings(requiredText(binding, "queueName")).toLowerCase();
    const listener = new QueueListener(
      service.getQueueClient(name),
      service.getQueueClient(`${name}-poison`),
      this.#options,
      host,
    );
    return listener.start();
  }
}

class QueueListener implements Running {
  readonly #queue: QueueClient;
  readonly #poison: QueueClient;
  readonly #options: QueueOptions;
  readonly #host: TriggerHost;
  readonly #stop = new AbortController();
  #underWay: Promise<void> = Promise.resolve();

  constructor(queue: QueueClient, poison: QueueClient, options: QueueOptions, host: TriggerHost) {
    this.#queue = queue;
    this.#poison = poison;
    this.#options = options;
    this.#host = host;
  }

  start(): this {
    this.#underWay = this.#poll();
    return this;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#underWay;
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stop;
    let pause = shortestPause;
    let isReachable = true;
    while (!signal.aborted) {
      let messages: readonly ReceivedMessageItem[] = [];
      try {
        messages = await this.#receive(signal);
        if (!isReachable) this.#host.log("information", `The queue '${this.#queue.name}' can be reached again.`);
        isReachable = true;
      } catch (error) {
        if (signal.aborted) return;
        // Said once: it is tried again and again.
        if (isReachable) this.#host.log("error", `The queue '${this.#queue.name}' cannot be read: ${(error as Error).message}`);
        isReachable = false;
      }
      await Promise.all(messages.map((message) => this.#process(message)));
      if (messages.length > 0) {
        pause = shortestPause;
        continue;
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(pause * 2, this.#options.maxPollingInterval);
    }
  }

  /** A queue that is missing is empty. */
  async #receive(abortSignal: AbortSignal): Promise<readonly ReceivedMessageItem[]> {
    try {
      const { receivedMessageItems } = await this.#queue.receiveMessages({
        numberOfMessages: this.#options.batchSize,
        visibilityTimeout: leaseSeconds,
        abortSignal,
      });
      return receivedMessageItems;
    } catch (error) {
      if (hasStatus(error, 404)) return [];
      throw error;
    }
  }

  async #process(message: ReceivedMessageItem): Promise<void> {
    let { popReceipt } = message;
    const renewal = setInterval(async () => {
      try {
        const renewed = await this.#queue.updateMessage(message.messageId, popReceipt, undefined, leaseSeconds);
        popReceipt = renewed.popReceipt ?? popReceipt;
      } catch (error) {
        this.#host.log("warning", `The message ${message.messageId} could not be kept hidden: ${(error as Error).message}`);
      }
    }, leaseSeconds * 500);
    try {
      const isDone = await this.#run(message);
      clearInterval(renewal);
      if (isDone) await this.#queue.deleteMessage(message.messageId, popReceipt);
      else if (message.dequeueCount < this.#options.maxDequeueCount) {
        const seconds = Math.ceil(this.#options.visibilityTimeout / 1000);
        await this.#queue.updateMessage(message.messageId, popReceipt, undefined, seconds);
      } else await this.#putAway(message, popReceipt);
    } catch (error) {
      this.#host.log("error", `The message ${message.messageId} could not be settled: ${(error as Error).message}`);
    } finally {
      clearInterval(renewal);
    }
  }

  async #run(message: ReceivedMessageItem): Promise<boolean> {
    const text = decodeMessage(message.messageText, this.#options.messageEncoding);
    const { error } = await this.#host.runner.run(this.#host.functionName, {
      data: textOrJson(text),
      bindingData: {
        queueTrigger: text,
        id: message.messageId,
        popReceipt: message.popReceipt,
        dequeueCount: message.dequeueCount,
        insertionTime: message.insertedOn,
        expirationTime: message.expiresOn,
        nextVisibleTime: message.nextVisibleOn,
      },
      hiddenBindingData: membersOfJson(text),
      reason: `New queue message detected on '${this.#queue.name}'.`,
    });
    return error === undefined;
  }

  async #putAway(message: ReceivedMessageItem, popReceipt: string): Promise<void> {
    this.#host.log(
      "warning",
      `Message has reached MaxDequeueCount of ${this.#options.maxDequeueCount}. Moving message to queue '${this.#poison.name}'.`,
    );
    const text = decodeMessage(message.messageText, this.#options.messageEncoding);
    await this.#poison.createIfNotExists();
    await this.#poison.sendMessage(encodeMessage(text, this.#options.messageEncoding));
    await this.#queue.deleteMessage(message.messageId, popReceipt);
  }
}

/** The host hands JSON over as JSON, so that functions get objects. */
function textOrJson(text: string): TypedData {
  return isStructured(text) ? { json: text } : { string: text };
}

function membersOfJson(text: string): Record<string, unknown> {
  return text.trimStart().startsWith("{") && isStructured(text) ? JSON.parse(text) : {};
}

function isStructured(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
