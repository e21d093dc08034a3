import type { AzureFunction, Context, HttpRequest } from "@azure/functions";
import { addTask } from "../shared/task-table";

const longestDescription = 200;

/** Stores a task, then tells every client. The body is `{ "description": "…" }`. */
const add: AzureFunction = async (context: Context, req: HttpRequest) => {
  const given: unknown = req.body?.description;
  const description = typeof given === "string" ? given.trim() : "";
  if (description === "" || description.length > longestDescription) {
    context.res = { status: 400, body: `A task needs a description of 1 to ${longestDescription} characters.` };
    return;
  }
  const task = await addTask(description);
  context.bindings.signalRMessages = [{ target: "taskUpdate", arguments: ["add"] }];
  context.res = { status: 201, headers: { "Content-Type": "application/json" }, body: task };
};

export default add;
