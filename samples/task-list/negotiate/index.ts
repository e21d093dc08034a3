import type { AzureFunction, Context, HttpRequest } from "@azure/functions";

/** Tells a client where to connect, and gives it a token for that. */
const negotiate: AzureFunction = async (context: Context, _req: HttpRequest, connectionInfo: unknown) => {
  context.res = { body: connectionInfo };
};

export default negotiate;
