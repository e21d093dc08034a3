// `npm run sample <name> [-- <arguments>]`: install, build, `npm start` with the arguments in that folder of `samples/`. A function app
// that brings no start of its own is run by `signalbox dev`.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build, install, pinnedNode, root, run } from "./workspace.mjs";

const names = readdirSync(join(root, "samples"));
const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`npm run sample <name>, one of: ${names.join(", ")}`);
  process.exit(1);
}

await install();
await build();
const folder = `samples/${name}`;
const { scripts } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
const [command, ...start] =
  scripts?.start === undefined
    ? [pinnedNode, "packages/cli/bin/signalbox.js", "dev", folder]
    : ["npm", "start", "--silent", "--workspace", folder, "--"];
process.exit(await run(command, [...start, ...args]));
