// `npm start`: install, build, run `signalbox start` with the arguments given after `--`.
import { install, must, pinnedNode, run } from "./workspace.mjs";

await install();
await must("tsc", ["-b"]);
await must("vite", ["build", "packages/dashboard", "--logLevel", "warn"]);
process.exit(await run(pinnedNode, ["packages/cli/bin/signalbox.js", "start", ...process.argv.slice(2)]));
