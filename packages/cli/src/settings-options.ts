import { catalogue, type Flags, fallbackText, type SettingEntry, type SettingsSources } from "@signalbox/service";
import { type Command, Option } from "commander";

const shortFlags: Readonly<Record<string, string>> = { port: "-p", ip: "-i" };

const headings: Readonly<Record<string, string>> = {
  accessKeys: "Access keys",
  tls: "TLS",
  tokens: "Tokens",
  clients: "Clients",
  rest: "REST",
  upstream: "Upstream",
  cors: "Browsers on other origins",
  drain: "Stopping",
  log: "Log",
};

/** Adds a flag for every setting, in groups. */
export function addSettingsOptions(command: Command): Command {
  for (const entry of catalogue) command.addOption(optionOf(entry));
  return addConfigOption(command);
}

export function addConfigOption(command: Command): Command {
  return command.option(
    "-c, --config <path>",
    "settings file, or a folder with a settings.json (default: ./settings.json if it is there)",
  );
}

/** The sources of settings that a parsed command names. */
export function sourcesOf(options: Readonly<Record<string, unknown>>): SettingsSources {
  const flags: Flags = Object.fromEntries(
    catalogue.map((entry) => [entry.path, options[optionOf(entry).attributeName()] as string | boolean | undefined]),
  );
  const { config } = options as { config?: string };
  return { flags, environment: process.env, ...(config === undefined ? {} : { config }) };
}

function optionOf(entry: SettingEntry): Option {
  const short = shortFlags[entry.path];
  // A value may be given to a switch as well: `--in-memory false` overrules a file.
  const value = entry.info.reads === "boolean" ? " [on]" : ` <${placeholder(entry)}>`;
  const fallback = fallbackText(entry);
  const text = `${entry.info.description.replaceAll("`", "")}${fallback === "" ? "" : ` (default: ${fallback.replaceAll("`", "")})`}`;
  const option = new Option(`${short === undefined ? "" : `${short}, `}${entry.flag}${value}`, text);
  const group = headings[entry.path.split(".")[0]!];
  return group === undefined ? option : option.helpGroup(`${group}:`);
}

function placeholder({ info }: SettingEntry): string {
  if (info.expects.startsWith("a time")) return "time";
  if (info.expects.startsWith("a size")) return "size";
  return { text: "text", number: "number", list: "list", json: "json", boolean: "on" }[info.reads];
}
