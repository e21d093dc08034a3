import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The functions with the greatest self time of each CPU profile in a folder, as Markdown tables. */
export function topFunctions(folder, count) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  if (files.length === 0) throw new Error(`The runtime wrote no CPU profile to ${folder}.`);
  return files.map((file) => `${file}\n\n${table(join(folder, file), count)}`).join("\n\n");
}

function table(file, count) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, "utf8"));
  const names = new Map(nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const selfTime = new Map();
  let total = 0;
  samples.forEach((id, i) => {
    const name = names.get(id);
    if (name === "(idle)") return;
    selfTime.set(name, (selfTime.get(name) ?? 0) + timeDeltas[i]);
    total += timeDeltas[i];
  });
  const rows = [...selfTime].sort((a, b) => b[1] - a[1]).slice(0, count);
  const lines = rows.map(
    ([name, time]) => `| ${((time / total) * 100).toFixed(1)} % | ${(time / 1000).toFixed(0)} | ${name} |`,
  );
  return ["| busy time | self ms | function |", "| --- | --- | --- |", ...lines].join("\n");
}

function nameOf({ functionName, url, lineNumber }) {
  const place = url.replace(/^.*\/(packages|node_modules)\//, "$1/").replace(/^file:\/\//, "");
  return `${functionName || "(anonymous)"}${place === "" ? "" : ` ${place}:${lineNumber + 1}`}`;
}
