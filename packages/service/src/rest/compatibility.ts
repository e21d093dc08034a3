import { datedVersions, isSince, rawVersions, type Version, versions } from "./api-version.ts";
import { shownPath } from "./openapi.ts";
import { restErrors } from "./rest-error.ts";
import { basePaths, type Family, type Route } from "./route.ts";

/** docs/compatibility.md: every route, in which versions it is served with which status, and where the cloud differs. */
export function compatibilityPage(routes: readonly Route[]): string {
  return `# Compatibility of the REST API

<!-- Generated from the route table (packages/service/src/rest/route-table.ts); \`npx vitest run packages/service/src/rest -u\` writes it anew. -->

Callers of Azure SignalR Service's REST API need no other change than the connection string. How to call it is in [rest.md](rest.md);
the same table for machines is [openapi.json](openapi.json), which a running service also answers at \`/api/openapi.json\`.

## Routes

A version's column shows the status of success, followed by ¹ where only the official emulator serves the route in that version, and by
² where nobody else does. Empty: 404. Every path is served with and without a trailing slash and in any letter case of its literals.

${table(routes, ["dated", "v1", "v1-preview"], versions)}

## Routes of raw WebSockets

Two generations of the preview ([websockets.md](websockets.md)): of May 2020 below \`/ws/api/v1\`, of October 2020 below \`/ws/api\`, whose
\`api-version\` makes no difference. Without \`/hubs/{hub}\` a path means the default hub, \`_default\`. What the preview's
specification leaves open is [decided there](websockets.md#what-the-specification-leaves-open), and [its own sample ran](websockets.md#shown-by-the-original).

${table(routes, ["raw", "raw-v1"], rawVersions)}

Besides these any route can answer 401 (no valid token for this URL, with \`WWW-Authenticate\`) and 405 (with \`Allow\`); those with \`api-version\`
400 \`UnsupportedApiVersion\` and 404 \`Error.Request.NotInApiVersion\`.

## Errors

Bodies are \`{"code","message","target"?}\` (\`ErrorDetail\`) and, in versions without a date, the message as plain text. The header
\`x-ms-error-code\` carries the code in every version; SDKs tell a plain "no" from a failure by it.

| status | \`x-ms-error-code\` | when |
|---|---|---|
${Object.values(restErrors)
  .map(({ status, code, when }) => `| ${status} | \`${code}\` | ${when} |`)
  .join("\n")}

## Differences from the cloud

For all routes:

| what | why |
|---|---|
${general.map(([what, why]) => `| ${what} | ${why} |`).join("\n")}

For single routes:

| routes | version | what | why |
|---|---|---|---|
${differences(routes).join("\n")}
`;
}

const general: readonly (readonly [what: string, why: string])[] = [
  [
    "A missing `api-version` means the newest, and so does one later than any known; any other unknown one is 400. The cloud wants one it knows, the official emulator takes anything.",
    "Hand-written callers were tested against the emulator, and next year's SDK must not fail for the number alone; a version that never was is a slip.",
  ],
  [
    "A name that is not valid is 400 on every route, also a blank group; the cloud's specification leaves the pattern out on a few, the official emulator answers 500 there.",
    "One rule for one kind of name.",
  ],
  [
    "The audience of a token is compared by host, path and nothing else: scheme, port, query and trailing slash make no difference.",
    "Three generations of SDKs write it in three ways, and all must be let in.",
  ],
  [
    "Expired tokens, tokens without `exp` and tokens for another URL are 401, as in the cloud; the official emulator takes them.",
    "A token that leaks must not be good for ever or for everything.",
  ],
  ["No request is counted against a quota, so nothing is answered 429.", "There is no message meter."],
];

const versionNames: Readonly<Partial<Record<Version, string>>> = { "raw-v1": "May 2020", raw: "October 2020" };

function table(routes: readonly Route[], families: readonly Family[], columns: readonly Version[]): string {
  const names = columns.map((version) => versionNames[version] ?? version);
  const rows = routes.filter((route) => families.some((family) => route.served[family] !== undefined));
  return `| method | path | ${names.join(" | ")} | errors |
|---|---|${names.map(() => "---|").join("")}---|
${rows.map((route) => row(route, families, columns)).join("\n")}`;
}

function row(route: Route, families: readonly Family[], columns: readonly Version[]): string {
  const shown = families.find((family) => route.served[family] !== undefined)!;
  const path = shownPath(route, shown, route.served[shown]!);
  const also = spellings(route, families, path);
  const cells = columns.map((version) => cell(route, version));
  const codes = route.errors.map((name) => restErrors[name].status);
  const errors = [...new Set(codes)].sort().join(" ");
  return `| ${route.methods.join(", ")} | \`${path}\`${also} | ${cells.join(" | ")} | ${errors} |`;
}

function spellings(route: Route, families: readonly Family[], shown: string): string {
  const served = (Object.keys(route.served) as Family[]).filter((family) => families.includes(family));
  const all = served.flatMap((family) => route.paths.map((path) => basePaths[family] + path));
  return all
    .filter((path) => path !== shown)
    .map((path) => `<br>\`${path}\``)
    .join("");
}

const marks = { cloud: "", emulator: " ¹", signalbox: " ²" } as const;

function cell(route: Route, version: Version): string {
  const date = datedVersions.find((known) => known === version);
  const served = route.served[date === undefined ? (version as Family) : "dated"];
  if (served === undefined || (date !== undefined && !isSince(date, served.since!))) return "";
  return `${served.status}${marks[served.by]}`;
}

function differences(routes: readonly Route[]): string[] {
  const byText = new Map<string, { readonly operations: string[]; readonly rest: string }>();
  for (const route of routes) {
    for (const { family, what, why } of route.differences) {
      const version =
        family === undefined ? "all" : family === "dated" ? `from ${datedVersions[0]}` : (versionNames[family] ?? family);
      const rest = `| ${version} | ${what} | ${why} |`;
      const known = byText.get(rest);
      if (known === undefined) byText.set(rest, { operations: [route.operation], rest });
      else known.operations.push(route.operation);
    }
  }
  return [...byText.values()].map(({ operations, rest }) => `| ${operations.join(", ")} ${rest}`);
}
