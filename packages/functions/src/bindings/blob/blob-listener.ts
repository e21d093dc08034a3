import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { BlobItem, ContainerClient } from "@azure/storage-blob";
import type { QueueClient } from "@azure/storage-queue";
import type { Running, TriggerHost } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { textProperty } from "../definition.ts";
import { encodeMessage } from "../queue/message-encoding.ts";
import { hasStatus, type StorageConnections } from "../storage/storage-connections.ts";
import type { BlobPattern } from "./blob-pattern.ts";
import type { BlobReceipts } from "./blob-receipts.ts";
import { blobReference, blobValue, isDeferred } from "./blob-value.ts";

/** host.json `extensions.blobs`. */
export interface BlobOptions {
  /** Blobs for which a function runs at the same time. */
  readonly maxDegreeOfParallelism: number;
  /** Attempts before a blob is given up. */
  readonly poisonBlobThreshold: number;
}

/** Milliseconds between two looks at a container; doubled while nothing new is found. */
const shortestPause = 500;
const longestPause = 10_000;

interface BlobListenerParts {
  readonly binding: BindingDefinition;
  readonly pattern: BlobPattern;
  readonly storage: StorageConnections;
  readonly container: ContainerClient;
  readonly poison: QueueClient;
  readonly receipts: BlobReceipts;
  readonly options: BlobOptions;
  readonly host: TriggerHost;
}

type NewBlob = { readonly item: BlobItem; readonly names: Readonly<Record<string, string>> };

/** Polls one container for one function; see `BlobTrigger`. */
export class BlobListener implements Running {
  readonly #parts: BlobListenerParts;
  readonly #stop = new AbortController();
  #underWay: Promise<void> = Promise.resolve();
  #isReachable = true;

  constructor(parts: BlobListenerParts) {
    this.#parts = parts;
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
    const { receipts } = this.#parts;
    let hasReceipts = false;
    let pause = shortestPause;
    while (!signal.aborted) {
      const found = await this.#reached(async () => {
        if (!hasReceipts) await receipts.read(signal);
        hasReceipts = true;
        return await this.#scan(signal);
      });
      pause = found ? shortestPause : Math.min(pause * 2, longestPause);
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  /** What fails is said once, and tried again at the next look. */
  async #reached(look: () => Promise<boolean>): Promise<boolean> {
    const { host, container } = this.#parts;
    try {
      const found = await look();
      if (!this.#isReachable) host.log("information", `The container '${container.containerName}' can be reached again.`);
      this.#isReachable = true;
      return found;
    } catch (error) {
      if (this.#isReachable && !this.#stop.signal.aborted)
        host.log("error", `The container '${container.containerName}' cannot be read: ${(error as Error).message}`);
      this.#isReachable = false;
      return false;
    }
  }

  /** @returns whether there was anything new. A container that is missing is empty. */
  async #scan(abortSignal: AbortSignal): Promise<boolean> {
    const { container, pattern, receipts, options } = this.#parts;
    let found = false;
    let batch: NewBlob[] = [];
    const settle = async () => {
      await Promise.all(batch.map((blob) => this.#process(blob)));
      batch = [];
    };
    try {
      for await (const item of container.listBlobsFlat({ prefix: pattern.prefix, includeMetadata: true, abortSignal })) {
        const names = pattern.match(item.name);
        if (names === undefined || receipts.has(item.name, item.properties.etag)) continue;
        found = true;
        batch.push({ item, names });
        if (batch.length === options.maxDegreeOfParallelism) await settle();
        if (abortSignal.aborted) return found;
      }
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
    await settle();
    return found;
  }

  async #process(blob: NewBlob): Promise<void> {
    const { receipts, options, host, container } = this.#parts;
    const { name, properties } = blob.item;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await this.#run(blob);
        // One that went or changed meanwhile is seen at the next look, if at all.
        if (outcome === "gone" || (outcome === "failed" && this.#stop.signal.aborted)) return;
        if (outcome === "failed" && attempt < options.poisonBlobThreshold) continue;
        if (outcome === "failed") await this.#putAway(name, properties.etag, attempt);
        break;
      }
      await receipts.write(name, properties.etag);
    } catch (error) {
      host.log("error", `The blob '${container.containerName}/${name}' could not be seen to: ${(error as Error).message}`);
    }
  }

  async #run({ item, names }: NewBlob): Promise<"done" | "failed" | "gone"> {
    const { binding, storage, container, host } = this.#parts;
    const client = container.getBlobClient(item.name);
    const place = { container: container.containerName, blob: item.name };
    let data = blobReference(storage, binding, host, place);
    if (!isDeferred(binding)) {
      try {
        const answer = await client.download(0, undefined, { conditions: { ifMatch: item.properties.etag } });
        const content = answer.readableStreamBody === undefined ? Buffer.alloc(0) : await buffer(answer.readableStreamBody);
        data = blobValue(content, textProperty(binding, "dataType") ?? "binary");
      } catch (error) {
        if (hasStatus(error, 404) || hasStatus(error, 412)) return "gone";
        throw error;
      }
    }
    const { error } = await host.runner.run(host.functionName, {
      data,
      bindingData: {
        ...names,
        BlobTrigger: `${place.container}/${place.blob}`,
        Uri: client.url,
        Properties: propertiesOf(item),
        Metadata: item.metadata ?? {},
      },
      reason: `New blob detected: ${place.container}/${place.blob}`,
    });
    return error === undefined ? "done" : "failed";
  }

  async #putAway(name: string, etag: string, attempts: number): Promise<void> {
    const { host, poison, container } = this.#parts;
    const { functionName } = host;
    host.log(
      "warning",
      `The blob '${container.containerName}/${name}' failed ${attempts} times. Message to queue '${poison.name}'.`,
    );
    const message = {
      Type: "BlobTrigger",
      FunctionId: `Host.Functions.${functionName}`,
      BlobType: "BlockBlob",
      ContainerName: container.containerName,
      BlobName: name,
      ETag: etag,
    };
    await poison.createIfNotExists();
    await poison.sendMessage(encodeMessage(JSON.stringify(message), "base64"));
  }
}

/** Under the names that .NET has for them; the app's library makes their first letter small. */
function propertiesOf({ properties }: BlobItem) {
  const { etag, lastModified, contentLength, contentType, contentEncoding, contentLanguage, cacheControl } = properties;
  return {
    ETag: etag,
    LastModified: lastModified,
    Length: contentLength,
    ContentType: contentType,
    ContentEncoding: contentEncoding,
    ContentLanguage: contentLanguage,
    CacheControl: cacheControl,
  };
}
