// `npm start` and `npm run service`: install, build, run a `signalbox` command with the arguments given after `--`.
import { pinnedNode, prepare, run } from "./workspace.mjs";

await prepare();
process.exit(await run(pinnedNode, ["packages/cli/bin/signalbox.js", ...process.argv.slice(2)]));
