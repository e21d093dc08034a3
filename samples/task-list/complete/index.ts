import type { AzureFunction, Context, HttpRequest } from "@azure/functions";
import { completeTask } from "../shared/task-table";

/** Marks a task as completed, then tells every client. Of those who do so at once one changes it; the others get what that one made of it. */
const complete: AzureFunction = async (context: Context, req: HttpRequest) => {
  const completion = await completeTask(req.params.id ?? "");
  if (completion === undefined) {
    context.res = { status: 404, body: "There is no such task." };
    return;
  }
  if (completion.isNew) context.bindings.signalRMessages = [{ target: "taskUpdate", arguments: ["complete"] }];
  context.res = { headers: { "Content-Type": "application/json" }, body: completion.task };
};

export default complete;
