// Before `npm start`, `npm run service` and `npm run sample`: install, build. npm leaves it out with --ignore-scripts, as tests do: they find
// everything installed and built, and would disturb one another.
import { build, install } from "./workspace.mjs";

await install();
await build();
