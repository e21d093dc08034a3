const { container, segment, textOf } = require("./container.js");

const folderOf = (user) => `groups/${segment(user)}/`;

/** The groups that a user has joined, an empty blob for each. */
exports.groupsOf = async (user) => {
  const groups = [];
  const prefix = folderOf(user);
  for await (const { name } of (await container()).listBlobsFlat({ prefix })) groups.push(textOf(name.slice(prefix.length)));
  return groups.sort();
};

exports.join = async (user, group) => {
  await (await container()).getBlockBlobClient(folderOf(user) + segment(group)).upload("", 0);
};

exports.leave = async (user, group) => {
  await (await container()).getBlockBlobClient(folderOf(user) + segment(group)).deleteIfExists();
};
