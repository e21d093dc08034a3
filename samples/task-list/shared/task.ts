export interface Task {
  readonly id: string;
  readonly description: string;
  /** ISO 8601. */
  readonly added: string;
  /** ISO 8601; absent while there is something to do. */
  readonly completed?: string;
}

/** A task as the table has it; its id is the row key. */
export type TaskProperties = Omit<Task, "id">;

export function taskOf(id: string, { description, added, completed }: TaskProperties): Task {
  return { id, description, added, ...(completed === undefined ? {} : { completed }) };
}
