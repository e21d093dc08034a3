import { odata, TableClient, type TransactionAction } from "@azure/data-tables";
import { parseJson, stringifyJson } from "@signalbox/protocol";
import {
  type BindingContext,
  BindingError,
  type IndexingContext,
  type InputBinding,
  type OutputBinding,
} from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { fromTypedData, type TypedData } from "../../contracts/typed-data.ts";
import { property, requiredText, textProperty } from "../definition.ts";
import { hasStatus, type StorageConnections } from "../storage/storage-connections.ts";
import { type EntityToWrite, entityToWrite, plainEntity } from "./table-entity.ts";

/** The most that one transaction of a table takes. */
const largestBatch = 100;

/**
 * The `table` input: with both keys one entity or null, otherwise an array (reference functions-host §2.8). A table that is missing has no
 * entities.
 */
export class TableInput implements InputBinding {
  readonly type = "table";
  readonly #storage: StorageConnections;

  constructor(storage: StorageConnections) {
    this.#storage = storage;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    check(this.#storage, definition, context);
  }

  async read(definition: BindingDefinition, context: BindingContext): Promise<TypedData> {
    const table = tableOf(this.#storage, definition, context);
    const [partitionKey, rowKey, filter] = ["partitionKey", "rowKey", "filter"].map((name) =>
      resolved(definition, name, context),
    );
    const found =
      partitionKey !== undefined && rowKey !== undefined
        ? await one(table, partitionKey, rowKey, context.signal)
        : await several(table, { partitionKey, rowKey, filter, take: takeOf(definition, context) }, context.signal);
    return found === null ? {} : { json: stringifyJson(found) };
  }
}

/** The `table` output: an entity, an array of entities, or JSON of either. A table that is missing is made. */
export class TableOutput implements OutputBinding {
  readonly type = "table";
  readonly #storage: StorageConnections;

  constructor(storage: StorageConnections) {
    this.#storage = storage;
  }

  check(definition: BindingDefinition, context: IndexingContext): void {
    check(this.#storage, definition, context);
  }

  async write(definition: BindingDefinition, value: TypedData, context: BindingContext): Promise<void> {
    const table = tableOf(this.#storage, definition, context);
    const keys = {
      partitionKey: resolved(definition, "partitionKey", context),
      rowKey: resolved(definition, "rowKey", context),
    };
    const entities = itemsOf(value).map((item) => entityToWrite(item, keys));
    for (const batch of batches(entities)) await submit(table, batch, context.signal);
  }
}

async function one(table: TableClient, partitionKey: string, rowKey: string, abortSignal: AbortSignal) {
  try {
    return plainEntity(await table.getEntity(partitionKey, rowKey, { abortSignal }));
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

interface Query {
  readonly partitionKey: string | undefined;
  readonly rowKey: string | undefined;
  readonly filter: string | undefined;
  readonly take: number;
}

async function several(table: TableClient, { partitionKey, rowKey, filter, take }: Query, abortSignal: AbortSignal) {
  const conditions = [
    partitionKey === undefined ? undefined : odata`PartitionKey eq ${partitionKey}`,
    rowKey === undefined ? undefined : odata`RowKey eq ${rowKey}`,
    filter === undefined ? undefined : `(${filter})`,
  ].filter((condition) => condition !== undefined);
  const queryOptions = conditions.length === 0 ? {} : { filter: conditions.join(" and ") };
  const found: Record<string, unknown>[] = [];
  try {
    for await (const entity of table.listEntities({ queryOptions, abortSignal })) {
      if (found.length >= take) break;
      found.push(plainEntity(entity));
    }
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
  return found;
}

/** Runs of one partition, in order; a row that comes again begins a new one. */
function* batches(entities: readonly EntityToWrite[]): Generator<readonly EntityToWrite[]> {
  const open = new Map<string, Map<string, EntityToWrite>>();
  for (const one of entities) {
    const { partitionKey, rowKey } = one.entity;
    let batch = open.get(partitionKey);
    if (batch !== undefined && (batch.has(rowKey) || batch.size === largestBatch)) {
      yield [...batch.values()];
      batch = undefined;
    }
    batch ??= new Map();
    open.set(partitionKey, batch.set(rowKey, one));
  }
  for (const batch of open.values()) yield [...batch.values()];
}

async function submit(table: TableClient, batch: readonly EntityToWrite[], abortSignal: AbortSignal): Promise<void> {
  const actions = batch.map(actionOf);
  try {
    await table.submitTransaction(actions, { abortSignal });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    await table.createTable({ abortSignal });
    await table.submitTransaction(actions, { abortSignal });
  }
}

function actionOf({ entity, etag }: EntityToWrite): TransactionAction {
  if (etag === undefined) return ["create", entity];
  return etag === "*" ? ["upsert", entity, "Replace"] : ["update", entity, "Replace", { etag }];
}

function itemsOf(value: TypedData): readonly unknown[] {
  const text = value.json ?? value.string;
  let plain: unknown;
  try {
    plain = text === undefined ? fromTypedData(value) : parseJson(text);
  } catch (cause) {
    throw new BindingError(`The value of a table output is not JSON: ${(cause as Error).message}`, { cause });
  }
  return Array.isArray(plain) ? plain : [plain];
}

function check(storage: StorageConnections, definition: BindingDefinition, context: IndexingContext): void {
  const name = context.resolveSettings(requiredText(definition, "tableName"));
  if (!name.includes("{")) checkName(name);
  open(storage, definition, name.includes("{") ? "unresolved" : name, context);
}

function tableOf(storage: StorageConnections, definition: BindingDefinition, context: BindingContext): TableClient {
  const name = context.resolve(requiredText(definition, "tableName"));
  checkName(name);
  return open(storage, definition, name, context);
}

/** An address over plain http is the choice of who wrote the connection string. */
function open(storage: StorageConnections, definition: BindingDefinition, name: string, context: IndexingContext): TableClient {
  const connectionString = storage.connectionString(definition, context);
  try {
    return TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  } catch (cause) {
    throw new BindingError(
      `The storage connection string of the binding "${definition.name}" cannot be used: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function checkName(name: string): void {
  if (!/^[A-Za-z][A-Za-z0-9]{2,62}$/.test(name)) {
    throw new BindingError(`A table's name has 3 to 63 letters and digits and starts with a letter; '${name}' is none.`);
  }
}

function resolved(definition: BindingDefinition, name: string, context: BindingContext): string | undefined {
  const text = textProperty(definition, name);
  return text === undefined ? undefined : context.resolve(text);
}

function takeOf(definition: BindingDefinition, context: BindingContext): number {
  const take = property(definition, "take");
  const number = typeof take === "string" ? Number(context.resolve(take)) : take;
  return typeof number === "number" && number > 0 ? number : Number.POSITIVE_INFINITY;
}
