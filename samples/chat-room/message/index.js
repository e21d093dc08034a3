const { randomUUID } = require("node:crypto");
const { groupProblem, nameProblem, userOf } = require("../lib/names.js");
const { between, everybody, history, ofGroup, remember } = require("../lib/history.js");
const { groupsOf, join, leave } = require("../lib/memberships.js");

/** Characters of one message. */
const longest = 4_000;

/** One whole WebSocket message of a client. What this answers goes back to that client alone. */
module.exports = async (context, req) => {
  const client = require("@signalbox/management/websocket").default(context);
  const user = userOf(client.event(req.headers));
  const request = parse(req.rawBody);
  const act = Object.hasOwn(actions, request?.type) ? actions[request.type] : undefined;
  const answer = act === undefined ? refuse("There is no such request.") : await act(client, user, request);
  context.res = answer === undefined ? { status: 204 } : { status: answer.type === "error" ? 400 : 200, body: answer };
};

const actions = {
  /** To everybody, a group, or one user. */
  async send(client, user, { text, group, to }) {
    if (typeof text !== "string" || text.trim() === "") return refuse("A message needs a text.");
    if (text.length > longest) return refuse(`A message has at most ${longest} characters.`);
    const message = { id: randomUUID(), from: user, date: new Date().toISOString(), text };
    if (group !== undefined) {
      if (!(await groupsOf(user)).includes(group)) return refuse("You are not in this group.");
      await remember(ofGroup(group), { ...message, group });
      await client.sendToGroup(group, { type: "message", ...message, group });
    } else if (to !== undefined) {
      const problem = nameProblem(to);
      if (problem !== undefined) return refuse(problem);
      await remember(between(user, to), { ...message, to });
      // All windows of both, once each.
      const receivers = new Set([user, to]);
      await Promise.all(
        [...receivers].map((name) => client.sendToUser(encodeURIComponent(name), { type: "message", ...message, to })),
      );
    } else {
      await remember(everybody, message);
      await client.broadcast({ type: "message", ...message });
    }
  },

  /** Users join, not windows: the group follows them to later connections. */
  async join(client, user, { group }) {
    const problem = groupProblem(group);
    if (problem !== undefined) return refuse(problem);
    await join(user, group);
    await client.addToGroup(group, encodeURIComponent(user));
    await client.sendToGroup(group, { type: "notice", group, text: `${user} joined ${group}.` });
    return { type: "joined", group, messages: await history(ofGroup(group)) };
  },

  async leave(client, user, { group }) {
    const problem = groupProblem(group);
    if (problem !== undefined) return refuse(problem);
    await leave(user, group);
    await client.removeFromGroup(group, encodeURIComponent(user));
    await client.sendToGroup(group, { type: "notice", group, text: `${user} left ${group}.` });
    return { type: "left", group };
  },

  /** What was said before in a group or with a user. */
  async load(_client, user, { group, to }) {
    if (group !== undefined) {
      if (!(await groupsOf(user)).includes(group)) return refuse("You are not in this group.");
      return { type: "history", group, messages: await history(ofGroup(group)) };
    }
    const problem = nameProblem(to);
    if (problem !== undefined) return refuse(problem);
    return { type: "history", to, messages: await history(between(user, to)) };
  },
};

function refuse(text) {
  return { type: "error", text };
}

/** undefined for what is no JSON object. */
function parse(text) {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
