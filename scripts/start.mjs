// `npm start` and `npm run service`: run a `signalbox` command with the arguments given after `--`.
import { pinnedNode, run } from "./workspace.mjs";

process.exit(await run(pinnedNode, ["packages/cli/bin/signalbox.js", ...process.argv.slice(2)]));
