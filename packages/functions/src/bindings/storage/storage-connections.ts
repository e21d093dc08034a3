import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import type { LayeredSettings } from "../../config/app-settings.ts";
import { BindingError, type IndexingContext } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { textProperty } from "../definition.ts";
import { identityRefusal } from "../identity-refusal.ts";

/** Name of the setting that storage bindings use unless they name another. */
const defaultStorageSetting = "AzureWebJobsStorage";

/** The storage accounts of an app: a binding's `connection` is the name of a setting with a connection string (reference functions-host §2.8). */
export class StorageConnections {
  readonly #settings: LayeredSettings;
  readonly #blobs = new Map<string, BlobServiceClient>();
  readonly #queues = new Map<string, QueueServiceClient>();

  constructor(settings: LayeredSettings) {
    this.#settings = settings;
  }

  /** @throws {BindingError} when the setting is missing or empty, or asks for an identity */
  connectionString(definition: BindingDefinition, context: IndexingContext): string {
    const { functionName } = context;
    const setting = settingOf(definition, context);
    const value = this.#settings.storageConnectionString(setting);
    if (value !== undefined) return value;
    const identity = this.#settings.storageIdentitySetting(setting);
    if (identity !== undefined) throw identityRefusal(identity, setting);
    throw new BindingError(
      `The binding "${definition.name}" (${definition.type}) of the function "${functionName}" needs the setting "${setting}", which is missing or empty.`,
    );
  }

  /** The name under which the app itself finds the connection string in its environment. */
  settingName(definition: BindingDefinition, context: IndexingContext): string {
    return this.#settings.storageSettingName(settingOf(definition, context));
  }

  /** @throws {BindingError} */
  blobs(definition: BindingDefinition, context: IndexingContext): BlobServiceClient {
    return this.#client(this.#blobs, BlobServiceClient, definition, context);
  }

  /** @throws {BindingError} */
  queues(definition: BindingDefinition, context: IndexingContext): QueueServiceClient {
    return this.#client(this.#queues, QueueServiceClient, definition, context);
  }

  #client<T>(
    open: Map<string, T>,
    kind: { fromConnectionString(connectionString: string): T },
    definition: BindingDefinition,
    context: IndexingContext,
  ): T {
    const connectionString = this.connectionString(definition, context);
    const client = open.get(connectionString) ?? connect(kind, connectionString, definition);
    open.set(connectionString, client);
    return client;
  }
}

function settingOf(definition: BindingDefinition, { resolveSettings }: IndexingContext): string {
  return resolveSettings(textProperty(definition, "connection") ?? defaultStorageSetting);
}

function connect<T>(
  kind: { fromConnectionString(connectionString: string): T },
  connectionString: string,
  definition: BindingDefinition,
): T {
  try {
    return kind.fromConnectionString(connectionString);
  } catch (cause) {
    throw new BindingError(
      `The storage connection string of the binding "${definition.name}" cannot be used: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Whether an error of a storage service is the answer with this status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && (error as { statusCode?: unknown }).statusCode === status;
}
