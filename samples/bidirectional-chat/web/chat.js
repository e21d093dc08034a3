import { api } from "./config.js";

const element = (id) => document.getElementById(id);
const send = element("send");
const membership = element("membership");

const methods = { everyone: "broadcast", group: "sendToGroup", user: "sendToUser", connection: "sendToConnection" };
const changes = {
  connection: { join: "joinGroup", leave: "leaveGroup" },
  user: { join: "joinUserToGroup", leave: "leaveUserFromGroup" },
};

let you = { userId: "", connectionId: "" };

// The cookie of the sign-in goes along to the functions: fetch takes it to another origin because the client asks for credentials.
const connection = new signalR.HubConnectionBuilder()
  .withUrl(`${api}/api`)
  .withAutomaticReconnect({
    nextRetryDelayInMilliseconds: ({ previousRetryCount }) => Math.min(250 * 2 ** previousRetryCount, 10_000),
  })
  .build();

connection.on("welcome", (member) => {
  you = member;
  element("user").textContent = you.userId;
  element("connection-id").textContent = you.connectionId;
  element("role").textContent = you.admin ? "admin" : "member";
  suggestYourself();
  remember(you);
  notice("You are here.");
});
connection.on("joined", (member) => {
  remember(member);
  notice(`${member.userId} joined.`);
});
connection.on("left", ({ userId }) => notice(`${userId} left.`));
connection.on("newMessage", (from, to, text) => {
  remember(from);
  addMessage(from, to, text);
});
connection.onreconnecting(() => showState("connecting", "Reconnecting"));
connection.onreconnected(() => showState("connected", "Live"));

/** Names and connections heard of are offered where one is to be typed. */
function remember({ userId, connectionId }) {
  for (const value of [userId, connectionId]) {
    if ([...element("names").children].some((option) => option.value === value)) continue;
    element("names").append(Object.assign(document.createElement("option"), { value }));
  }
}

function notice(text) {
  append("notice").textContent = text;
}

function addMessage(from, to, text) {
  const item = append(from.userId === you.userId ? "own" : "other");
  const sender = document.createElement("button");
  sender.type = "button";
  sender.textContent = from.userId;
  sender.title = `Write to this connection of ${from.userId}`;
  sender.addEventListener("click", () => writeTo("connection", from.connectionId));
  const audience = document.createElement("span");
  audience.className = "audience";
  audience.textContent = to.kind === "everyone" ? "to everyone" : `to ${to.kind} ${to.name}`;
  const body = document.createElement("p");
  body.textContent = text;
  item.append(sender, audience, body);
}

function append(className) {
  const item = document.createElement("li");
  item.className = className;
  element("messages").append(item);
  item.scrollIntoView({ block: "nearest" });
  return item;
}

function writeTo(audience, name) {
  send.audience.value = audience;
  audienceChosen();
  send.name.value = name;
  send.text.focus();
}

function audienceChosen() {
  const everyone = send.audience.value === "everyone";
  send.name.disabled = everyone;
  send.name.value = "";
  send.name.placeholder = everyone ? "everyone who is here" : "";
}
send.audience.addEventListener("change", audienceChosen);
audienceChosen();

function suggestYourself() {
  membership.member.value = membership.kind.value === "user" ? you.userId : you.connectionId;
}
membership.kind.addEventListener("change", suggestYourself);

/** Calls a method of the hub; what the hub says against it is shown below the form. */
async function call(form, method, ...args) {
  const problem = form.querySelector("[role=alert]");
  problem.textContent = "";
  try {
    await connection.invoke(method, ...args);
    return true;
  } catch (error) {
    problem.textContent = error.message;
    return false;
  }
}

send.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { audience, name, text } = send;
  const to = audience.value === "everyone" ? [] : [name.value];
  if (await call(send, methods[audience.value], ...to, text.value)) text.value = "";
  text.focus();
});

membership.addEventListener("submit", async (event) => {
  event.preventDefault();
  const change = event.submitter?.value ?? "join";
  const [kind, member, group] = [membership.kind.value, membership.member.value, membership.group.value];
  if (await call(membership, changes[kind][change], member, group))
    notice(
      `${kind === "user" ? "User" : "Connection"} ${member} is ${change === "join" ? "in" : "no longer in"} group ${group}.`,
    );
});

// The service said that this connection is not to come back; a new one may.
connection.onclose(later);

function showState(state, text) {
  element("connection").dataset.state = state;
  element("connection").textContent = text;
}

function show(id) {
  for (const part of ["welcome", "chat"]) element(part).hidden = part !== id;
  element("sign-out").hidden = id !== "chat";
}

/** `start` does not repeat what fails at first, unlike a reconnect. */
async function connect() {
  try {
    await connection.start();
    showState("connected", "Live");
    show("chat");
  } catch (error) {
    if (/\b401\b/.test(error.message)) {
      showState("signed-out", "Signed out");
      show("welcome");
      return;
    }
    later();
  }
}

function later() {
  showState("connecting", "Waiting for the functions");
  setTimeout(connect, 2_000);
}

const here = encodeURIComponent(location.href);
element("sign-in").href = `${api}/.auth/login/aad?post_login_redirect_uri=${here}`;
element("sign-out").href = `${api}/.auth/logout?post_logout_redirect_uri=${here}`;
await connect();
