/** Characters of a user's or group's name. */
const longest = 40;

/** Why nobody can be called this; undefined when they can. */
exports.nameProblem = (name) => problemOf("name", name);

/** Why no group can be called this; undefined when one can. */
exports.groupProblem = (group) => problemOf("group", group);

/**
 * The user of an event. Names travel percent-encoded as user ids: headers carry only some characters, and no name means a path then.
 */
exports.userOf = ({ userId }) => decodeURIComponent(userId ?? "");

function problemOf(what, name) {
  if (typeof name !== "string" || name.trim() === "") return `Choose a ${what}.`;
  if (name.length > longest) return `A ${what} has at most ${longest} characters.`;
  if (/^\.+$/.test(name) || !name.isWellFormed() || /\p{Cc}/u.test(name)) return `This ${what} cannot be used.`;
  return undefined;
}
