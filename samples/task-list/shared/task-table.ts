import { randomUUID } from "node:crypto";
import { type GetTableEntityResponse, RestError, TableClient } from "@azure/data-tables";
import { type Task, type TaskProperties, taskOf } from "./task";

// Tasks are written here and not by an output binding: outputs have no promised order, and a client that hears of a task must find it.

const partitionKey = "tasks";

let opened: Promise<TableClient> | undefined;

/** @throws {RestError} when storage cannot be reached; the next call tries again */
function openTable(): Promise<TableClient> {
  opened ??= createTable().catch((error) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function createTable(): Promise<TableClient> {
  // Only the storage emulator is spoken to without TLS: the connection string says so.
  const table = TableClient.fromConnectionString(process.env.AzureWebJobsStorage ?? "", "tasks", {
    allowInsecureConnection: true,
  });
  await table.createTable();
  return table;
}

/** Tables sort by row key: one that counts down puts the newest task first. */
function newId(): string {
  return `${(Number.MAX_SAFE_INTEGER - Date.now()).toString(36)}-${randomUUID()}`;
}

export async function addTask(description: string): Promise<Task> {
  const table = await openTable();
  const id = newId();
  const properties: TaskProperties = { description, added: new Date().toISOString() };
  await table.createEntity({ partitionKey, rowKey: id, ...properties });
  return taskOf(id, properties);
}

export interface Completion {
  readonly task: Task;
  /** False: somebody else had completed it. */
  readonly isNew: boolean;
}

/**
 * Completes a task once, however many ask for it at the same time: the table takes the change only while the task is as it was read.
 * @returns undefined when there is no such task
 */
export async function completeTask(id: string): Promise<Completion | undefined> {
  const table = await openTable();
  for (;;) {
    const found = await findTask(table, id);
    if (found === undefined) return undefined;
    if (found.completed !== undefined) return { task: taskOf(id, found), isNew: false };
    const completed = new Date().toISOString();
    try {
      await table.updateEntity({ partitionKey, rowKey: id, completed }, "Merge", { etag: found.etag });
      return { task: taskOf(id, { ...found, completed }), isNew: true };
    } catch (error) {
      if (!hasStatus(error, 412)) throw error;
    }
  }
}

async function findTask(table: TableClient, id: string): Promise<GetTableEntityResponse<TaskProperties> | undefined> {
  try {
    return await table.getEntity<TaskProperties>(partitionKey, id);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof RestError && error.statusCode === status;
}
