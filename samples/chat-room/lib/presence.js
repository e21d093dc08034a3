const { container, segment, textOf } = require("./container.js");

const folder = "online/";
/** Milliseconds that a connection may take from `connect` to being connected. */
const arrivalTime = 30_000;

const pathOf = (user, connectionId) => `${folder}${segment(user)}/${segment(connectionId)}`;

/** One empty blob a connection: windows of one user come and go without disturbing each other. */
exports.arrive = async (user, connectionId) => {
  await (await container()).getBlockBlobClient(pathOf(user, connectionId)).upload("", 0);
};

exports.leave = async (user, connectionId) => {
  await (await container()).getBlockBlobClient(pathOf(user, connectionId)).deleteIfExists();
};

/**
 * The users that are online, by name. Connections whose `disconnect` was never told, because the service or this app was down, are
 * found by asking the service, and forgotten.
 */
exports.whoIsHere = async (client) => {
  const blobs = [];
  for await (const blob of (await container()).listBlobsFlat({ prefix: folder })) blobs.push(blob);
  const here = await Promise.all(blobs.map((blob) => isHere(client, blob)));
  const users = new Set(blobs.filter((_, index) => here[index]).map(({ name }) => textOf(name.split("/")[1])));
  return [...users].sort((one, other) => one.localeCompare(other));
};

async function isHere(client, { name, properties }) {
  if (Date.now() - properties.createdOn.getTime() < arrivalTime) return true;
  if (await client.connectionExists(textOf(name.split("/")[2]))) return true;
  await (await container()).getBlockBlobClient(name).deleteIfExists();
  return false;
}
