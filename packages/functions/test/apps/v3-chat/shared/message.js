exports.toMessage = (sender, message) => ({ target: "newMessage", arguments: [{ sender, ...message }] });
