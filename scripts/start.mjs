// `npm start` and `npm run service`: install, build, run a `signalbox` command with the arguments given after `--`.
import { install, must, pinnedNode, run } from "./workspace.mjs";

await install();
await must("tsc", ["-b"]);
process.exit(await run(pinnedNode, ["packages/cli/bin/signalbox.js", ...process.argv.slice(2)]));
