const { BlobServiceClient } = require("@azure/storage-blob");

let created;

/** The container that keeps everything; made when it is first needed. */
exports.container = async () => {
  const service = BlobServiceClient.fromConnectionString(process.env.AzureWebJobsStorage);
  const container = service.getContainerClient(process.env.ChatContainer);
  created ??= container.createIfNotExists();
  await created;
  return container;
};

/** A text as one segment of a blob's name. Base64url: blob names do not keep every character, and letter case counts. */
exports.segment = (text) => Buffer.from(text, "utf8").toString("base64url");

exports.textOf = (segment) => Buffer.from(segment, "base64url").toString("utf8");
