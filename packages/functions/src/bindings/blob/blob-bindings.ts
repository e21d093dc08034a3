import { buffer } from "node:stream/consumers";
import type { BindingContext, IndexingContext, InputBinding, OutputBinding } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import type { TypedData } from "../../contracts/typed-data.ts";
import { requiredText, textProperty } from "../definition.ts";
import { hasStatus, type StorageConnections } from "../storage/storage-connections.ts";
import { type BlobPlace, parseBlobPath } from "./blob-path.ts";
import { blobReference, blobValue, isDeferred } from "./blob-value.ts";

/**
 * The `blob` input: text, or bytes with `dataType` binary or stream; a missing blob is null (reference functions-host §2.8). With
 * `sdkBinding` it is not read: the app gets a client for it.
 */
export class BlobInput implements InputBinding {
  readonly type = "blob";
  readonly #storage: StorageConnections;

  constructor(storage: StorageConnections) {
    this.#storage = storage;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    check(this.#storage, definition, context);
  }

  async read(definition: BindingDefinition, context: BindingContext): Promise<TypedData> {
    if (isDeferred(definition)) return blobReference(this.#storage, definition, context, placeOf(definition, context));
    try {
      const blob = clientOf(this.#storage, definition, context);
      const { readableStreamBody } = await blob.download(0, undefined, { abortSignal: context.signal });
      const bytes = readableStreamBody === undefined ? Buffer.alloc(0) : await buffer(readableStreamBody);
      return blobValue(bytes, textProperty(definition, "dataType") ?? "string");
    } catch (error) {
      if (hasStatus(error, 404)) return {};
      throw error;
    }
  }
}

/** The `blob` output: writes text, bytes or JSON over what is there. A container that is missing is made. */
export class BlobOutput implements OutputBinding {
  readonly type = "blob";
  readonly #storage: StorageConnections;

  constructor(storage: StorageConnections) {
    this.#storage = storage;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    check(this.#storage, definition, context);
  }

  async write(definition: BindingDefinition, value: TypedData, context: BindingContext): Promise<void> {
    const blob = clientOf(this.#storage, definition, context);
    const bytes = bytesOf(value);
    const abortSignal = context.signal;
    try {
      await blob.uploadData(bytes, { abortSignal });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      const { container } = placeOf(definition, context);
      await this.#storage.blobs(definition, context).getContainerClient(container).createIfNotExists({ abortSignal });
      await blob.uploadData(bytes, { abortSignal });
    }
  }
}

function check(storage: StorageConnections, definition: BindingDefinition, context: IndexingContext): void {
  parseBlobPath(context.resolveSettings(requiredText(definition, "path")));
  storage.blobs(definition, context);
}

function placeOf(definition: BindingDefinition, context: BindingContext): BlobPlace {
  return parseBlobPath(context.resolve(requiredText(definition, "path")));
}

function clientOf(storage: StorageConnections, definition: BindingDefinition, context: BindingContext) {
  const { container, blob } = placeOf(definition, context);
  return storage.blobs(definition, context).getContainerClient(container).getBlockBlobClient(blob);
}

function bytesOf(value: TypedData): Buffer {
  const bytes = value.bytes ?? value.stream;
  if (bytes !== undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Buffer.from(value.string ?? value.json ?? String(value.int ?? value.double ?? ""), "utf8");
}
