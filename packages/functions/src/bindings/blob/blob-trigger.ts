import type { IndexingContext, Running, Trigger, TriggerHost } from "../../contracts/binding.ts";
import { type BindingDefinition, type FunctionDefinition, triggerOf } from "../../contracts/function-definition.ts";
import { requiredText } from "../definition.ts";
import type { StorageConnections } from "../storage/storage-connections.ts";
import { BlobListener, type BlobOptions } from "./blob-listener.ts";
import { BlobPattern } from "./blob-pattern.ts";
import { BlobReceipts } from "./blob-receipts.ts";

/** As the storage extension has them, for one core. */
export const defaultBlobOptions: BlobOptions = { maxDegreeOfParallelism: 8, poisonBlobThreshold: 5 };

/**
 * `blobTrigger`: looks through a container for blobs that are new or changed, those from before the start included, and runs the function
 * once for each (reference functions-host §2.8). A blob that failed `poisonBlobThreshold` times is told to the queue
 * `webjobs-blobtrigger-poison`. Blobs that change again before they are looked at are seen once, as in the cloud. With `source: EventGrid`
 * it polls as well.
 */
export class BlobTrigger implements Trigger {
  readonly type = "blobTrigger";
  readonly #storage: StorageConnections;
  readonly #options: BlobOptions;
  readonly #hostId: string;

  /** @param hostId tells the receipts of apps apart that share a storage account */
  constructor(storage: StorageConnections, options: BlobOptions, hostId: string) {
    this.#storage = storage;
    this.#options = options;
    this.#hostId = hostId;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    patternOf(definition, context);
    this.#storage.blobs(definition, context);
  }

  start(definition: FunctionDefinition, host: TriggerHost): Running {
    const binding = triggerOf(definition);
    const service = this.#storage.blobs(binding, host);
    const pattern = patternOf(binding, host);
    const hosts = service.getContainerClient("azure-webjobs-hosts");
    const listener = new BlobListener({
      binding,
      pattern,
      storage: this.#storage,
      container: service.getContainerClient(pattern.container),
      poison: this.#storage.queues(binding, host).getQueueClient("webjobs-blobtrigger-poison"),
      receipts: new BlobReceipts(hosts, this.#hostId, host.functionName, pattern.container),
      options: this.#options,
      host,
    });
    return listener.start();
  }
}

function patternOf(definition: BindingDefinition, { resolveSettings }: IndexingContext): BlobPattern {
  return new BlobPattern(resolveSettings(requiredText(definition, "path")));
}
