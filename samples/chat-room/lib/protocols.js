/** The subprotocols that this app speaks, the best first. The page offers them; `connect` selects one. */
exports.protocols = ["chat-room.v2", "chat-room.v1"];
