const { protocols } = require("../lib/protocols.js");
const { nameProblem } = require("../lib/names.js");
const { everybody, history } = require("../lib/history.js");
const { groupsOf } = require("../lib/memberships.js");
const { arrive, whoIsHere } = require("../lib/presence.js");

/**
 * Before the WebSocket is opened: who is it, may they come in, what do we speak. The answer's body is the first thing the client reads.
 */
module.exports = async (context, req) => {
  const client = require("@signalbox/management/websocket").default(context);
  const { connectionId, query } = client.event(req.headers);

  const user = query.name?.trim() ?? "";
  const problem = nameProblem(user);
  if (problem !== undefined) {
    context.res = { status: 401, headers: { "Content-Type": "text/plain" }, body: problem };
    return;
  }

  const offered = (req.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  const protocol = protocols.find((name) => offered.includes(name));
  if (protocol === undefined) {
    context.res = { status: 400, headers: { "Content-Type": "text/plain" }, body: `Offer one of ${protocols.join(", ")}.` };
    return;
  }

  await arrive(user, connectionId);
  const [users, groups, messages] = await Promise.all([whoIsHere(client), groupsOf(user), history(everybody)]);
  context.res = {
    headers: { "x-asrs-user-id": encodeURIComponent(user), "sec-websocket-protocol": protocol },
    body: { type: "welcome", user, users, groups, messages },
  };
  // Those who are here already; the newcomer is connected only when this function has answered.
  await client.broadcast({ type: "presence", users });
};
