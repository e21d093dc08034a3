import { scenarios, targets } from "./scenarios.mjs";

/**
 * Turns the runs into Markdown.
 * @param runs one for each server, scenario and round: `{ round, server, scenario, result }`
 * @param servers what `serversIn` answered
 */
export function report(runs, servers) {
  const names = Object.keys(scenarios).filter((name) => runs.some((run) => run.scenario === name));
  return [
    ...names.flatMap((name) => [table(name, runs, servers), processTable(name, runs, servers)]),
    targetTable(runs, servers),
    problems(runs, servers),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function table(name, runs, servers) {
  const scenario = scenarios[name];
  const reference = scenario.isFunctions ? "signalbox-node" : "aspnet";
  const rows = Object.entries(servers)
    .map(([server, { title }]) => ({
      server,
      title,
      own: runs.filter((run) => run.scenario === name && run.server === server),
    }))
    .filter(({ own }) => own.length > 0)
    .map(({ server, title, own }) => [
      title,
      spread(own.map((run) => scenario.cost(run.result))),
      spread(own.map((run) => scenario.rate(run.result))),
      times(ratio(runs, servers, name, server, reference, "cost")),
      times(ratio(runs, servers, name, server, "bare", "cost")),
      own[0].result.ownCpuShare === undefined ? "" : number(Math.max(...own.map((run) => run.result.ownCpuShare))),
    ]);
  const head = [
    "server",
    `${scenario.costUnit}: min / median / max`,
    `${scenario.rateUnit}: min / median / max`,
    reference === "aspnet" ? "cheaper than ASP.NET Core" : "share of the REST route",
    "share of the bare runtime",
    "generator's CPU",
  ];
  return `### ${scenario.title}\n\n${markdown(head, rows)}`;
}

/** Where the CPU of a call goes, for scenarios whose servers have several processes. */
function processTable(name, runs, servers) {
  const own = runs.filter((run) => run.scenario === name && run.result.cpuUsPerSent !== undefined);
  const processes = ["host", "app", "service"].filter((process) => own.some((run) => process in run.result.cpuUsPerSent));
  if (processes.length < 2) return "";
  const rows = [...new Set(own.map((run) => run.server))].map((server) => [
    servers[server].title,
    ...processes.map((process) => {
      const costs = own.filter((run) => run.server === server).map((run) => run.result.cpuUsPerSent[process]);
      return costs.includes(undefined) ? "" : spread(costs);
    }),
  ]);
  return markdown(["server", ...processes.map((process) => `${process}: CPU µs a call`)], rows);
}

function targetTable(runs, servers) {
  const rows = targets
    .map((target) => ({ target, reached: reached(target, runs, servers) }))
    .filter(({ reached }) => reached !== undefined)
    .map(({ target, reached }) => {
      const { costUnit } = scenarios[target.scenario];
      const against = target.against === "bare" ? "the bare runtime" : servers[target.against]?.title;
      const isBound = target.most !== undefined;
      const comparison = isBound ? `${costUnit}, more than` : target.by === "rate" ? "faster than" : "cheaper than";
      return [
        servers[target.server].title,
        scenarios[target.scenario].title,
        against === undefined ? costUnit : `${comparison} ${against}`,
        isBound ? `≤ ${target.most}` : `≥ ${target.ratio}×`,
        number(reached),
        (isBound ? reached <= target.most : reached >= target.ratio) ? "met" : "MISSED",
      ];
    });
  return rows.length === 0 ? "" : `### Targets\n\n${markdown(["server", "scenario", "figure", "target", "median", ""], rows)}`;
}

function reached({ server, scenario, against, by, most }, runs, servers) {
  if (most === undefined) return ratio(runs, servers, scenario, server, against, by);
  const costs = (of) =>
    runs.filter((run) => run.scenario === scenario && run.server === of).map((run) => scenarios[scenario].cost(run.result));
  const [own, reference] = [median(costs(server)), against === undefined ? 0 : median(costs(against))];
  return own === undefined || reference === undefined ? undefined : own - reference;
}

/** The median over the rounds of how many times cheaper (or faster) a server was than its reference in the same round. */
function ratio(runs, servers, scenario, server, against, by) {
  const references = against === "bare" ? (servers[server].bare ?? []) : [against];
  if (references.includes(server)) return undefined;
  const { [by]: read } = scenarios[scenario];
  const ratios = [];
  for (const own of runs.filter((run) => run.scenario === scenario && run.server === server)) {
    const others = runs
      .filter((run) => run.scenario === scenario && run.round === own.round && references.includes(run.server))
      .map((run) => read(run.result));
    if (others.length === 0) continue;
    ratios.push(by === "cost" ? Math.min(...others) / read(own.result) : read(own.result) / Math.max(...others));
  }
  return median(ratios);
}

function problems(runs, servers) {
  const lines = runs
    .map(({ round, server, scenario, result }) => ({ round, server, scenario, counts: complaintsOf(result) }))
    .filter(({ counts }) => counts !== "")
    .map(({ round, server, scenario, counts }) => `- round ${round}, ${servers[server].title}, ${scenario}: ${counts}`);
  return lines.length === 0 ? "" : `### Runs that went wrong\n\n${lines.join("\n")}`;
}

/** What went wrong in a run, as text; empty when nothing did. */
export function complaintsOf(result) {
  return ["httpBad", "failed", "closedByServer", "protocolErrors"]
    .filter((name) => result[name] > 0)
    .map((name) => `${name} ${result[name]}`)
    .join(", ");
}

function spread(values) {
  return `${number(Math.min(...values))} / **${number(median(values))}** / ${number(Math.max(...values))}`;
}

function median(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function times(value) {
  return value === undefined ? "" : `${number(value)}×`;
}

function number(value) {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function markdown(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
