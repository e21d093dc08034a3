import { catalogue } from "./catalogue.ts";
import type { Given, GivenValue } from "./given.ts";
import { readText } from "./setting.ts";
import { didYouMean } from "./suggestion.ts";

/** Names that the command line reads itself. */
const commandVariables = ["SIGNALBOX_CONFIG", "SIGNALBOX_CONNECTION_STRING", "SIGNALBOX_RUNTIME"];

const entriesByVariable = new Map(catalogue.map((entry) => [entry.variable, entry]));

/**
 * Settings from `SIGNALBOX_*` variables; an empty one counts as absent. An unknown one is a warning, not a problem: the environment is
 * shared with others. Kubernetes, for one, describes a Service named `signalbox` to every pod of its namespace by `SIGNALBOX_PORT=tcp://…`
 * and the like; those are passed over in silence.
 */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Given {
  const values = new Map<string, GivenValue>();
  const warnings: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith("SIGNALBOX_") || text === undefined || text.trim() === "" || isServiceLink(name, text)) continue;
    const entry = entriesByVariable.get(name);
    if (entry !== undefined) values.set(entry.path, { value: readText(entry.info, text), name });
    else if (!commandVariables.includes(name)) {
      const known = [...entriesByVariable.keys(), ...commandVariables];
      warnings.push(`The environment variable ${name} is unknown and ignored${didYouMean(name, known)}`);
    }
  }
  return { values, problems: [], warnings };
}

function isServiceLink(name: string, text: string): boolean {
  return (
    (name === "SIGNALBOX_PORT" && /^(tcp|udp|sctp):\/\//.test(text)) ||
    /^SIGNALBOX_SERVICE_(HOST|PORT(_.+)?)$/.test(name) ||
    /^SIGNALBOX_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)
  );
}
