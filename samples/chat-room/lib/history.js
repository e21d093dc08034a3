const { container, segment } = require("./container.js");

/** Bytes read from the end of a history, and messages shown of them. */
const tail = 64 * 1024;
const shown = 50;

exports.everybody = "history/everybody";
exports.ofGroup = (group) => `history/group/${segment(group)}`;
/** The same for both of them. */
exports.between = (one, other) => `history/users/${[one, other].map(segment).sort().join("/")}`;

/** Appends a message. An append is atomic, so that messages of several function instances do not overwrite each other. */
exports.remember = async (path, message) => {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  const blob = (await container()).getAppendBlobClient(path);
  await blob.createIfNotExists();
  await blob.appendBlock(line, line.byteLength);
};

/** The latest messages, the oldest of them first. */
exports.history = async (path) => {
  const blob = (await container()).getAppendBlobClient(path);
  let text;
  try {
    const { contentLength } = await blob.getProperties();
    if (contentLength === 0) return [];
    const start = Math.max(0, contentLength - tail);
    text = (await blob.downloadToBuffer(start)).toString("utf8");
    // The first line may be cut.
    if (start > 0) text = text.slice(text.indexOf("\n") + 1);
  } catch (error) {
    if (error.statusCode === 404) return [];
    throw error;
  }
  return text
    .trimEnd()
    .split("\n")
    .slice(-shown)
    .map((line) => JSON.parse(line));
};
