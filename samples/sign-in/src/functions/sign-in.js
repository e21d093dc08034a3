import { app, input, output } from "@azure/functions";
import { visitorOf } from "../visitor.js";
import { readStats, recordVisit } from "../visits.js";

const hubName = "signin";
const connectionInfo = input.generic({ type: "signalRConnectionInfo", name: "connectionInfo", hubName });
const wall = output.generic({ type: "signalR", name: "wall", hubName });

/** Counts a visit, tells everybody who looks at the wall, and lets the visitor in. */
app.post("signin", {
  extraInputs: [connectionInfo],
  extraOutputs: [wall],
  handler: async (request, context) => {
    const visitor = visitorOf(request.headers.get("user-agent"));
    await recordVisit(visitor);
    const stats = await readStats();
    const { totalNumber, byOS, byBrowser } = stats;
    context.extraOutputs.set(wall, { target: "updateSignInStats", arguments: [totalNumber, byOS, byBrowser] });
    const { url, accessToken } = /** @type {ConnectionInfo} */ (context.extraInputs.get(connectionInfo));
    return { jsonBody: { authInfo: { serviceUrl: url, accessToken }, stats, visitor } };
  },
});

/** A new token for who is in already: one lasts an hour, a wall hangs longer. */
app.post("negotiate", {
  extraInputs: [connectionInfo],
  handler: (_request, context) => ({ jsonBody: context.extraInputs.get(connectionInfo) }),
});

/** For who may have missed something: between signing in and being connected, and while the connection was away. */
app.get("stats", { handler: async () => ({ jsonBody: await readStats() }) });

/** @typedef {{ readonly url: string, readonly accessToken: string }} ConnectionInfo */
