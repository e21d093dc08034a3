/** Where the page connects. It carries no token: who may come in is decided by `connect`. */
module.exports = async (context) => {
  const client = require("@signalbox/management/websocket").default(context);
  context.res = { body: { endpoint: client.getEndpoint() } };
};
