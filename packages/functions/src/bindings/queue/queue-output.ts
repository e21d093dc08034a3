import type { QueueClient } from "@azure/storage-queue";
import type { BindingContext, IndexingContext, OutputBinding } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import type { TypedData } from "../../contracts/typed-data.ts";
import { requiredText } from "../definition.ts";
import { hasStatus, type StorageConnections } from "../storage/storage-connections.ts";
import { encodeMessage, type MessageEncoding } from "./message-encoding.ts";
import { queueMessages } from "./queue-message.ts";

/** The `queue` output: adds a message for each item, in order. A queue that is missing is made. */
export class QueueOutput implements OutputBinding {
  readonly type = "queue";
  readonly #storage: StorageConnections;
  readonly #encoding: MessageEncoding;

  constructor(storage: StorageConnections, encoding: MessageEncoding) {
    this.#storage = storage;
    this.#encoding = encoding;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    context.resolveSettings(requiredText(definition, "queueName"));
    this.#storage.queues(definition, context);
  }

  async write(definition: BindingDefinition, value: TypedData, context: BindingContext): Promise<void> {
    const name = context.resolve(requiredText(definition, "queueName")).toLowerCase();
    const queue = this.#storage.queues(definition, context).getQueueClient(name);
    for (const text of queueMessages(value)) await send(queue, encodeMessage(text, this.#encoding), context.signal);
  }
}

async function send(queue: QueueClient, text: string, abortSignal: AbortSignal): Promise<void> {
  try {
    await queue.sendMessage(text, { abortSignal });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    await queue.createIfNotExists({ abortSignal });
    await queue.sendMessage(text, { abortSignal });
  }
}
