// `npm test`: install, then all checks and tests on the pinned Node.
import { install, pinnedNode, run } from "./workspace.mjs";

await install();
process.exit(await run(pinnedNode, ["scripts/checks.mjs"]));
