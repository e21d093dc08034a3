import { parseJson } from "@signalbox/protocol";
import { ConnectionNotFoundError } from "../errors.ts";
import { encodeAsJson, jsonBody } from "../rest/message-body.ts";
import { pathOf } from "../rest/rest-request.ts";
import type { HubCaller, HubRequest } from "./hub-caller.ts";
import type { ClientConnection, Clients } from "./hub-context.ts";
import { requireId, requireTarget } from "./names.ts";

const unknown = ["error.connection.notexisted", "warning.connection.notexisted"];

/** One connection: what `clients` can, and what only a single client can answer. */
export function createConnection(caller: HubCaller, id: string, clients: Clients): ClientConnection {
  const ask = async (request: Omit<HubRequest, "method">) => {
    const answer = await caller.any(
      { kind: "connection", id },
      {
        ...request,
        method: "POST",
        path: `/connections${pathOf(id)}${request.path}`,
        apiVersion: "2024-12-01",
        // The client would be called, or get the item, a second time.
        isMessage: true,
        no: unknown,
      },
    );
    if (answer === undefined) {
      throw new ConnectionNotFoundError(`There is no connection ${JSON.stringify(id)}.`, {
        status: 404,
        code: "Error.Connection.NotExisted",
      });
    }
    return answer;
  };
  return {
    send: clients.send,
    async invoke<TResult>(target: string, ...args: unknown[]) {
      // Frames would need an invocation id, which the service chooses.
      const { text } = await ask({ path: "/:invoke", body: encodeAsJson(requireTarget(target), args) });
      const { result } = (text === "" ? {} : parseJson(text)) as { readonly result?: unknown };
      return result as TResult;
    },
    async sendStreamItem(streamId, item, { completed = false } = {}) {
      await ask({
        path: `/streams${pathOf(requireId("stream", streamId))}/:send`,
        query: { completed: completed ? "true" : undefined },
        body: jsonBody(item),
      });
    },
    async completeStream(streamId, error) {
      // The SDK says `error`, the specification `reason` (reference serverless-upstream §4.6).
      await ask({ path: `/streams${pathOf(requireId("stream", streamId))}/:complete`, query: { error } });
    },
  };
}
