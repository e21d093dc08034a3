import {
  catalogue,
  loadSettings,
  type SettingEntry,
  type Settings,
  settingsJsonSchema,
  settingsPage,
  valueAt,
} from "@signalbox/service";
import { Command } from "commander";
import { addConfigOption } from "../settings-options.ts";

export function configCommand(): Command {
  const command = new Command("config").description("settings: check and explain them");
  addConfigOption(
    command
      .command("check")
      .description("check file and environment, and print what is in force; exit code 0 or 1")
      .option("--all", "print settings at their default too"),
  ).action(check);
  command
    .command("doc")
    .description("print the page of all settings, as Markdown")
    .option("--json-schema", "print the JSON Schema of the settings file instead")
    .action(doc);
  return command;
}

function check({ config, all }: { config?: string; all?: boolean }): void {
  const { settings, file, text, warnings, origins } = loadSettings({
    environment: process.env,
    ...(config === undefined ? {} : { config }),
  });
  for (const warning of warnings) console.error(`signalbox: ${warning}`);
  console.log(text === undefined ? `There is no ${file}.` : `Read ${file}.`);
  for (const entry of catalogue) {
    const origin = origins.get(entry.path);
    if (all || origin !== undefined) console.log(`${entry.path} = ${shown(entry, settings)}  (${origin ?? "default"})`);
  }
  console.log("The settings are valid.");
}

function shown({ path, info }: SettingEntry, settings: Settings): string {
  const value = valueAt(settings, path);
  if (value === undefined) return "none";
  if (info.secret) return "***";
  return typeof value === "number" && info.writes !== undefined ? info.writes(value) : JSON.stringify(value);
}

function doc({ jsonSchema }: { jsonSchema?: boolean }): void {
  process.stdout.write(jsonSchema ? `${JSON.stringify(settingsJsonSchema(), null, 2)}\n` : settingsPage());
}
