const element = (id) => document.getElementById(id);

/** Of answers that overtake each other the one asked for last counts. */
let asked = 0;

async function call(path, body) {
  const response = await fetch(`api/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error((await response.text()) || `The server answered ${response.status}.`);
  return response.json();
}

/** What goes wrong is shown; `work` succeeded when this is true. */
async function attempt(work) {
  element("problem").textContent = "";
  try {
    await work();
    return true;
  } catch (error) {
    element("problem").textContent = error.message;
    return false;
  }
}

async function reload() {
  const turn = ++asked;
  const tasks = await call("list");
  if (turn !== asked) return;
  show(
    "open",
    tasks.filter(({ completed }) => completed === undefined),
  );
  show(
    "done",
    tasks.filter(({ completed }) => completed !== undefined),
  );
}

/** Items that stay keep their element, and with it the focus. */
function show(id, tasks) {
  const list = element(id);
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
  list.replaceChildren(...tasks.map((task) => known.get(task.id) ?? item(task)));
  element(`${id}-count`).textContent = tasks.length;
}

function item({ id, description, completed }) {
  const entry = document.createElement("li");
  entry.dataset.id = id;
  const text = document.createElement("span");
  text.textContent = description;
  if (completed !== undefined) {
    const time = document.createElement("time");
    time.dateTime = completed;
    time.textContent = new Date(completed).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    entry.append(text, time);
    return entry;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.ariaLabel = `Complete: ${description}`;
  button.addEventListener("click", async () => {
    button.disabled = true;
    if (await attempt(() => call(`complete/${id}`, {}))) element("description").focus();
    else button.disabled = false;
  });
  entry.append(button, text);
  return entry;
}

element("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = element("description");
  const added = await attempt(() => call("add", { description: input.value }));
  input.ariaInvalid = String(!added);
  if (added) input.value = "";
  input.focus();
});

const connection = new signalR.HubConnectionBuilder()
  .withUrl("api")
  .withAutomaticReconnect({
    nextRetryDelayInMilliseconds: ({ previousRetryCount }) => Math.min(250 * 2 ** previousRetryCount, 10_000),
  })
  .build();

connection.on("taskUpdate", (action) => {
  element("news").textContent = action === "add" ? "A task was added." : "A task was completed.";
  void attempt(reload);
});
connection.onreconnecting(() => showState("connecting", "Reconnecting"));
// What happened in between was told to nobody here.
connection.onreconnected(connected);

// The service said that this connection is not to come back; a new one may.
connection.onclose(later);

function showState(state, text) {
  element("connection").dataset.state = state;
  element("connection").textContent = text;
}

function connected() {
  showState("connected", "Live");
  return attempt(reload);
}

/** `start` does not repeat what fails at first, unlike a reconnect. */
async function connect() {
  try {
    await connection.start();
    await connected();
  } catch {
    later();
  }
}

function later() {
  showState("connecting", "Waiting for the server");
  setTimeout(connect, 2_000);
}

await connect();
