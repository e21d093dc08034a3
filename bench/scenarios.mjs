const delivery = {
  costUnit: "CPU µs a delivery",
  cost: (result) => result.serverCpuUsPerReceived,
  rateUnit: "deliveries/s",
  rate: (result) => result.receivedPerSecond,
};
const message = { ...delivery, costUnit: "CPU µs a message", rateUnit: "messages/s" };
const send = {
  costUnit: "CPU µs a send",
  cost: (result) => result.serverCpuUsPerSent,
  rateUnit: "sends/s",
  rate: (result) => result.sentPerSecond,
};
const call = { ...send, costUnit: "CPU µs a call", rateUnit: "calls/s" };

/**
 * What is measured. A server takes part by the first of the `doors` that it has. `args` go to the load generator, that of the kit or
 * (`isFunctions`) functions-load.mjs; `cost` and `rate` read its answer. A cost is what one message, connection or kilobyte takes of
 * the server: the figure to trust on a shared machine, and lower is better. `mode` is that of raw-app.mjs. `isHalfLoad`: at half the rate
 * that the same server reaches with the same `args`.
 */
export const scenarios = {
  "echo-1": echo("one invocation outstanding each", 1),
  "echo-16": echo("16 outstanding each", 16),
  "echo-half": {
    ...echo("at half of the greatest rate", 1),
    isHalfLoad: true,
    costUnit: "99th percentile, ms",
    cost: (result) => result.latencyMs.p99,
  },
  "hub-broadcast-1": hubBroadcast("one outstanding", 1),
  "hub-broadcast-16": hubBroadcast("16 outstanding", 16),
  "rest-broadcast-1": restBroadcast("1 sender", 1),
  "rest-broadcast-8": restBroadcast("8 senders", 8),
  "rest-user": {
    title: "REST send to a user, 8 senders, 100 clients",
    doors: ["rest"],
    args: ["rest-user", "--connections", "100", "--http-connections", "8"],
    connections: 100,
    ...send,
  },
  "raw-echo": {
    title: "Raw WebSocket message, to the app and its answer back, 100 clients",
    doors: ["raw"],
    mode: "echo",
    args: ["echo", "--connections", "100"],
    connections: 100,
    ...message,
  },
  "raw-broadcast": {
    title: "Raw WebSocket message, to the app, which sends it to 500 clients by REST, 4 at a time",
    doors: ["raw"],
    mode: "broadcast",
    args: ["broadcast", "--connections", "500", "--window", "4"],
    connections: 500,
    ...delivery,
  },
  connect: {
    title: "Connecting 10,000 clients, with tokens where the server checks them",
    doors: ["rest", "hub"],
    args: ["idle", "--connections", "10000"],
    connections: 10_000,
    costUnit: "CPU µs a connect",
    cost: (result) => result.connectCpuUs,
    rateUnit: "connects/s",
    rate: (result) => result.connectPerSecond,
  },
  idle: {
    title: "10,000 idle clients",
    // One run of the generator answers for both.
    sameRunAs: "connect",
    costUnit: "KiB a connection",
    cost: (result) => result.rssPerConnectionKiB,
    rateUnit: "MiB in all",
    rate: (result) => result.rssMiB,
  },
  "function-http": {
    title: "HTTP function that answers 202, against a REST send to nobody, 8 callers",
    doors: ["functions", "http"],
    isFunctions: true,
    args: ["plain", "--http-connections", "8"],
    connections: 8,
    ...call,
  },
  "function-send": {
    title: "HTTP function with a SignalR output to a user, against a REST send to a user, 8 callers, 100 clients",
    doors: ["functions"],
    isFunctions: true,
    args: ["send", "--connections", "100", "--http-connections", "8"],
    connections: 100,
    ...call,
  },
};

function echo(what, window) {
  return {
    title: `Hub echo, 100 clients, ${what}`,
    doors: ["hub"],
    args: ["echo", "--connections", "100", "--window", String(window)],
    connections: 100,
    ...message,
  };
}

function hubBroadcast(what, window) {
  return {
    title: `Hub broadcast to 500 clients, ${what}`,
    doors: ["hub"],
    args: ["broadcast", "--connections", "500", "--window", String(window)],
    connections: 500,
    ...delivery,
  };
}

function restBroadcast(what, senders) {
  return {
    title: `REST broadcast to 500 clients, ${what}`,
    doors: ["rest"],
    args: ["rest-broadcast", "--connections", "500", "--http-connections", String(senders)],
    connections: 500,
    ...delivery,
  };
}

/**
 * What Signalbox promises. `against` is the reference server, or "bare" for the least work the same runtime can do; `ratio` is how many
 * times cheaper than the reference it has to be at least (`by: "rate"`: how many times faster), `most` a bound of the cost itself, or
 * of what it adds to that of the reference.
 */
export const targets = [
  ...both("hub-*", "echo-1", { against: "aspnet", by: "cost" }, 2, 4),
  ...both("hub-*", "hub-broadcast-1", { against: "aspnet", by: "cost" }, 2, 2),
  ...both("hub-*", "hub-broadcast-16", { against: "aspnet", by: "cost" }, 2.5, 2.5),
  ...["echo-1", "echo-16"].flatMap((scenario) => both("hub-*-service", scenario, { against: "hub-*", by: "cost" }, 0.4, 0.4)),
  ...both("hub-*-service", "echo-half", { against: "hub-*", most: 2 }),
  ...both("hub-*", "idle", { most: 8 }),
  ...["echo-1", "echo-16", "hub-broadcast-1", "hub-broadcast-16"].flatMap((scenario) => [
    ...both("hub-*", scenario, { against: "socket.io", by: "cost" }, 1, 1),
    ...both("hub-*", scenario, { against: "bare", by: "cost" }, 0.7, 0.7),
  ]),
  ...both("signalbox-*", "rest-user", { against: "aspnet", by: "cost" }, 2, 3.5),
  ...both("signalbox-*", "rest-broadcast-1", { against: "aspnet", by: "cost" }, 2, 2),
  ...both("signalbox-*", "rest-broadcast-8", { against: "aspnet", by: "cost" }, 2, 2),
  ...both("signalbox-*", "connect", { against: "aspnet", by: "rate" }, 1.3, 4),
  { server: "signalbox-node", scenario: "idle", most: 8 },
  { server: "signalbox-bun", scenario: "idle", most: 4 },
  ...["rest-user", "rest-broadcast-1", "rest-broadcast-8", "connect"].flatMap((scenario) =>
    both("signalbox-*", scenario, { against: "bare", by: "cost" }, 0.7, 0.7),
  ),
];

/** A target on Node and on Bun. */
function both(server, scenario, { against, ...bound }, onNode, onBun) {
  return [
    ["node", onNode],
    ["bun", onBun],
  ].map(([runtime, ratio]) => ({
    server: server.replace("*", runtime),
    scenario,
    against: against?.replace("*", runtime),
    ratio,
    ...bound,
  }));
}
