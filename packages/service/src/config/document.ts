import { z } from "zod";
import { catalogue, type SettingEntry } from "./catalogue.ts";
import { settingInfo } from "./setting.ts";
import { settingsSchema } from "./settings.ts";

const introduction = `# Settings

<!-- Made by \`signalbox config doc\`: edit the schema in packages/service/src/config, not this page. -->

Each setting can be given in four places. Later ones win:

1. its default
2. the **settings file**: \`settings.json\` in the working directory, or what \`-c\`/\`--config\` or \`SIGNALBOX_CONFIG\` names
   (a file, or a folder that holds a \`settings.json\`)
3. an **environment variable** \`SIGNALBOX_…\`; an empty one counts as absent
4. a **flag** of \`signalbox start\`; other users of a machine can see flags, so secrets belong in the file or the environment

A time is a number of seconds or has a unit: \`500ms\`, \`15s\`, \`2m\`, \`1h\`, \`7d\`. A size is a number of bytes or has a unit: \`64KiB\`,
\`1MiB\`, \`10MB\`. Lists are written with commas in flags and variables. \`signalbox config check\` says what is in force and where it comes
from.

## The file

JSON; comments and trailing commas are welcome, letter case of keys does not matter:

\`\`\`jsonc
{
  "accessKeys": { "primary": "…" },
  "clients": { "keepAliveInterval": "10s" },
  "upstream": {
    "templates": [{ "hubPattern": "chat", "urlTemplate": "http://localhost:7071/api/{event}" }],
    "timeout": "30s"
  }
}
\`\`\`

Upstream templates are also read in the emulator's spelling (\`{"UpstreamSettings": {"Templates": [{"UrlTemplate": …}]}}\`), in Azure's
(\`{"properties": {"upstream": {"templates": […]}}}\`, with \`serverless.connectionTimeoutInSeconds\` and \`serverless.keepAliveIntervalInSeconds\`), and
in the short one (\`{"templates": […]}\`). They may stand beside settings in our own.

A pattern is \`*\`, a name, or names separated by commas; an absent pattern is \`*\`, an empty one matches nothing. \`{hub}\`, \`{category}\` and
\`{event}\` in a \`urlTemplate\` are replaced. A template given as a bare URL takes every event, so
\`SIGNALBOX_UPSTREAM_TEMPLATES=http://localhost:7071/runtime/webhooks/signalr\` is enough for a function app.

Unknown names are never passed over in silence. In the file and among flags they are **errors**, with the nearest known name:
a mistyped limit would otherwise go unnoticed. In the environment, which is shared with others, they are **warnings**; what
Kubernetes sets for a Service named \`signalbox\` (\`SIGNALBOX_PORT=tcp://…\`, \`SIGNALBOX_SERVICE_HOST\`, …) is ignored. .NET's own sections
\`Logging\`, \`AllowedHosts\` and \`Kestrel\` in a file are warned about.

## Changes while running

The file is followed while the service runs, even one that appears later. Settings marked *at once* take effect within 2.5 s, also for open
connections; changes of others are reported and wait for the next start. A file that cannot be used leaves everything as it was.
`;

/** The page of settings, Markdown. */
export function settingsPage(): string {
  const groups = Map.groupBy(catalogue, groupOf);
  return `${introduction}${[...groups].map(([name, entries]) => table(name, entries)).join("")}`;
}

/** JSON Schema (draft 2020-12) of the settings file in its own spelling, for editors. */
export function settingsJsonSchema(): object {
  return {
    title: "Signalbox settings",
    ...z.toJSONSchema(settingsSchema, {
      io: "input",
      override: ({ zodSchema, jsonSchema }) => {
        const info = settingInfo.get(zodSchema);
        if (info === undefined) return;
        jsonSchema.description = `${info.description}. Must be ${info.expects}.`;
        if (info.secret) jsonSchema.writeOnly = true;
      },
    }),
  };
}

/** What a default looks like to a reader; empty for none. */
export function fallbackText({ fallback, info }: SettingEntry): string {
  if (info.defaultText !== undefined) return info.defaultText;
  if (fallback === undefined) return "";
  return Array.isArray(fallback) ? fallback.join(", ") : String(fallback);
}

function groupOf({ path }: SettingEntry): string {
  return path.includes(".") ? path.slice(0, path.indexOf(".")) : "";
}

function table(group: string, entries: readonly SettingEntry[]): string {
  const rows = entries.map(
    (entry) =>
      `| \`${entry.path}\` | ${description(entry)} | ${defaultCell(entry)} | ${entry.info.reloadable ? "at once" : "restart"} | \`${entry.flag}\`<br>\`${entry.variable}\` |`,
  );
  return `
## ${group === "" ? "General" : `\`${group}\``}

| setting | meaning | default | change | flag, variable |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function description({ info }: SettingEntry): string {
  return `${info.description}.${info.secret ? " **Secret.**" : ""} Must be ${info.expects}.`;
}

function defaultCell(entry: SettingEntry): string {
  const text = fallbackText(entry);
  return text === "" || entry.info.defaultText !== undefined ? text : `\`${text}\``;
}
