const { userOf } = require("../lib/names.js");
const { leave, whoIsHere } = require("../lib/presence.js");

/** The WebSocket has ended, for whatever reason. */
module.exports = async (context, req) => {
  const client = require("@signalbox/management/websocket").default(context);
  const event = client.event(req.headers);
  await leave(userOf(event), event.connectionId);
  await client.broadcast({ type: "presence", users: await whoIsHere(client) });
};
