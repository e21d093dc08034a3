import type { IndexingContext } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import type { TypedData } from "../../contracts/typed-data.ts";
import type { StorageConnections } from "../storage/storage-connections.ts";
import type { BlobPlace } from "./blob-path.ts";

/** @param dataType `binary` and `stream` in any letter case mean bytes, everything else text */
export function blobValue(bytes: Buffer, dataType: string): TypedData {
  return /^(binary|stream)$/i.test(dataType) ? { bytes } : { string: bytes.toString("utf8") };
}

/** True when the app wants an SDK client in place of the content (`sdkBinding: true`, libraries from 4.8 on). */
export function isDeferred({ properties }: BindingDefinition): boolean {
  return (properties as { readonly supportsDeferredBinding?: unknown } | undefined)?.supportsDeferredBinding === "true";
}

/**
 * What `@azure/functions-extensions-blob` in the app makes a `StorageBlobClient` of. It looks the connection up in the app's environment by
 * the name given here. Source of the shape: that package and the blob extension of azure-sdk-for-net.
 */
export function blobReference(
  storage: StorageConnections,
  definition: BindingDefinition,
  context: IndexingContext,
  { container, blob }: BlobPlace,
): TypedData {
  const content = { Connection: storage.settingName(definition, context), ContainerName: container, BlobName: blob };
  return {
    modelBindingData: {
      version: "1.0",
      source: "AzureStorageBlobs",
      contentType: "application/json",
      content: Buffer.from(JSON.stringify(content)),
    },
  };
}
