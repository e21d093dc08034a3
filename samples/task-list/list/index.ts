import type { AzureFunction, Context, HttpRequest } from "@azure/functions";
import { type TaskProperties, taskOf } from "../shared/task";

interface Entity extends TaskProperties {
  readonly RowKey: string;
}

/** All tasks, the newest first. */
const list: AzureFunction = async (context: Context, _req: HttpRequest, entities: readonly Entity[]) => {
  context.res = {
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store" },
    body: entities.map((entity) => taskOf(entity.RowKey, entity)),
  };
};

export default list;
