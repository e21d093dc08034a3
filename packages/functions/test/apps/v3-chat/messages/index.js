const { toMessage } = require("../shared/message");

module.exports = async (context, req) => toMessage(req.headers["x-user"], req.body);
