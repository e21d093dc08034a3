// `npm run sample <name> [-- <arguments>]`: install, build, `npm start` with the arguments in that folder of `samples/`.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { prepare, root, run } from "./workspace.mjs";

const names = readdirSync(join(root, "samples"));
const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  console.error(`npm run sample <name>, one of: ${names.join(", ")}`);
  process.exit(1);
}

await prepare();
process.exit(await run("npm", ["start", "--silent", "--workspace", `samples/${name}`, "--", ...args]));
