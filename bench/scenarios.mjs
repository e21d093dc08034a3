/**
 * What is measured. `door` is what a server must have to take part: `rest`, or `hub` for a hub with the methods of the load kit; absent:
 * none. `args` go to the load generator; `cost` and `rate` read its answer. A cost is what one message, connection or kilobyte takes of
 * the server: the figure to trust on a shared machine, and lower is better.
 */
export const scenarios = {
  "echo-1": echo("one invocation outstanding each", 1),
  "echo-16": echo("16 outstanding each", 16),
  "hub-broadcast-1": hubBroadcast("one outstanding", 1),
  "hub-broadcast-16": hubBroadcast("16 outstanding", 16),
  "rest-broadcast-1": {
    title: "REST broadcast to 500 clients, 1 sender",
    door: "rest",
    args: ["rest-broadcast", "--connections", "500", "--http-connections", "1"],
    connections: 500,
    costUnit: "CPU µs a delivery",
    cost: (result) => result.serverCpuUsPerReceived,
    rateUnit: "deliveries/s",
    rate: (result) => result.receivedPerSecond,
  },
  "rest-broadcast-8": {
    title: "REST broadcast to 500 clients, 8 senders",
    door: "rest",
    args: ["rest-broadcast", "--connections", "500", "--http-connections", "8"],
    connections: 500,
    costUnit: "CPU µs a delivery",
    cost: (result) => result.serverCpuUsPerReceived,
    rateUnit: "deliveries/s",
    rate: (result) => result.receivedPerSecond,
  },
  "rest-user": {
    title: "REST send to a user, 8 senders, 100 clients",
    door: "rest",
    args: ["rest-user", "--connections", "100", "--http-connections", "8"],
    connections: 100,
    costUnit: "CPU µs a send",
    cost: (result) => result.serverCpuUsPerSent,
    rateUnit: "sends/s",
    rate: (result) => result.sentPerSecond,
  },
  connect: {
    title: "Connecting 10,000 clients, with tokens where the server checks them",
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
};

function echo(what, window) {
  return {
    title: `Hub echo, 100 clients, ${what}`,
    door: "hub",
    args: ["echo", "--connections", "100", "--window", String(window)],
    connections: 100,
    costUnit: "CPU µs a message",
    cost: (result) => result.serverCpuUsPerReceived,
    rateUnit: "messages/s",
    rate: (result) => result.receivedPerSecond,
  };
}

function hubBroadcast(what, window) {
  return {
    title: `Hub broadcast to 500 clients, ${what}`,
    door: "hub",
    args: ["broadcast", "--connections", "500", "--window", String(window)],
    connections: 500,
    costUnit: "CPU µs a delivery",
    cost: (result) => result.serverCpuUsPerReceived,
    rateUnit: "deliveries/s",
    rate: (result) => result.receivedPerSecond,
  };
}

/**
 * What Signalbox promises. `against` is the reference server, or "bare" for the least work the same runtime can do; `ratio` is how many
 * times cheaper than the reference it has to be at least (`by: "rate"`: how many times faster), `most` an absolute bound of the cost.
 */
export const targets = [
  { server: "hub-node", scenario: "echo-1", against: "aspnet", by: "cost", ratio: 2 },
  { server: "hub-bun", scenario: "echo-1", against: "aspnet", by: "cost", ratio: 4 },
  { server: "hub-node", scenario: "hub-broadcast-1", against: "aspnet", by: "cost", ratio: 2 },
  { server: "hub-bun", scenario: "hub-broadcast-1", against: "aspnet", by: "cost", ratio: 2 },
  { server: "hub-node", scenario: "hub-broadcast-16", against: "aspnet", by: "cost", ratio: 2.5 },
  { server: "hub-bun", scenario: "hub-broadcast-16", against: "aspnet", by: "cost", ratio: 2.5 },
  { server: "hub-node-service", scenario: "echo-16", against: "hub-node", by: "cost", ratio: 0.4 },
  { server: "hub-bun-service", scenario: "echo-16", against: "hub-bun", by: "cost", ratio: 0.4 },
  { server: "hub-node", scenario: "idle", most: 8 },
  { server: "hub-bun", scenario: "idle", most: 8 },
  ...["echo-1", "echo-16", "hub-broadcast-1", "hub-broadcast-16"].flatMap((scenario) =>
    ["hub-node", "hub-bun"].flatMap((server) => [
      { server, scenario, against: "socket.io", by: "cost", ratio: 1 },
      { server, scenario, against: "bare", by: "cost", ratio: 0.7 },
    ]),
  ),
  { server: "signalbox-node", scenario: "rest-user", against: "aspnet", by: "cost", ratio: 2 },
  { server: "signalbox-bun", scenario: "rest-user", against: "aspnet", by: "cost", ratio: 3.5 },
  { server: "signalbox-node", scenario: "rest-broadcast-1", against: "aspnet", by: "cost", ratio: 2 },
  { server: "signalbox-bun", scenario: "rest-broadcast-1", against: "aspnet", by: "cost", ratio: 2 },
  { server: "signalbox-node", scenario: "rest-broadcast-8", against: "aspnet", by: "cost", ratio: 2 },
  { server: "signalbox-bun", scenario: "rest-broadcast-8", against: "aspnet", by: "cost", ratio: 2 },
  { server: "signalbox-node", scenario: "connect", against: "aspnet", by: "rate", ratio: 1.3 },
  { server: "signalbox-bun", scenario: "connect", against: "aspnet", by: "rate", ratio: 4 },
  { server: "signalbox-node", scenario: "idle", most: 8 },
  { server: "signalbox-bun", scenario: "idle", most: 4 },
  ...["rest-user", "rest-broadcast-1", "rest-broadcast-8", "connect"].flatMap((scenario) =>
    ["signalbox-node", "signalbox-bun"].map((server) => ({ server, scenario, against: "bare", by: "cost", ratio: 0.7 })),
  ),
];
