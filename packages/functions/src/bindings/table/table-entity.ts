import type { TableEntity, TableEntityResult } from "@azure/data-tables";
import { BindingError } from "../../contracts/binding.ts";
import { membersOf, textOf } from "../members.ts";

/** An entity to write, with what happens to one that is there already. */
export interface EntityToWrite {
  readonly entity: TableEntity;
  /** Absent: there must be none. `*`: it is replaced whatever it is. Else: it is replaced if it still has this tag. */
  readonly etag: string | undefined;
}

/** Keys that an entity has unless it names its own. */
export interface DefaultKeys {
  readonly partitionKey: string | undefined;
  readonly rowKey: string | undefined;
}

const named: ReadonlySet<string> = new Set(["partitionkey", "rowkey", "etag", "odata.etag", "timestamp"]);

/** @throws {BindingError} for anything that is no object, or lacks a key */
export function entityToWrite(value: unknown, keys: DefaultKeys): EntityToWrite {
  const members = membersOf(value);
  if (members === undefined) throw new BindingError("A table output takes an object or an array of objects.");
  const partitionKey = keyOf(members.get("partitionkey")) ?? keys.partitionKey;
  const rowKey = keyOf(members.get("rowkey")) ?? keys.rowKey;
  if (partitionKey === undefined || rowKey === undefined) {
    throw new BindingError(`An entity of a table output has no ${partitionKey === undefined ? "PartitionKey" : "RowKey"}.`);
  }
  const entity: TableEntity = { partitionKey, rowKey };
  for (const [name, property] of Object.entries(value as object)) {
    if (named.has(name.toLowerCase()) || property === null || property === undefined) continue;
    entity[name] = edmValue(property);
  }
  return { entity, etag: textOf(members.get("etag")) ?? textOf(members.get("odata.etag")) };
}

/** An empty key is a key. */
function keyOf(value: unknown): string | undefined {
  return value === "" ? "" : textOf(value);
}

/** Whole numbers beyond 32 bits are kept whole; tables have no objects, which are kept as JSON. */
function edmValue(value: unknown): unknown {
  if (typeof value === "bigint") return { type: "Int64", value: value.toString() };
  if (typeof value === "number" && Number.isSafeInteger(value) && value !== (value | 0)) {
    return { type: "Int64", value: value.toString() };
  }
  return typeof value === "object" ? JSON.stringify(value) : value;
}

/** An entity as functions see it: its keys as `PartitionKey` and `RowKey`, and its properties. */
export function plainEntity({
  partitionKey,
  rowKey,
  etag: _etag,
  timestamp: _timestamp,
  ...properties
}: TableEntityResult<Record<string, unknown>>): Record<string, unknown> {
  const plain: Record<string, unknown> = { PartitionKey: partitionKey, RowKey: rowKey };
  for (const [name, value] of Object.entries(properties)) if (!name.startsWith("odata.")) plain[name] = plainValue(value);
  return plain;
}

function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "object" && value !== null && "type" in value && "value" in value) return value.value;
  return value;
}
