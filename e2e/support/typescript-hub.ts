import { join } from "node:path";
import type { HubProgram } from "./hub-server.ts";
import { root } from "./repository.ts";
import { type Runtime, runtimeProgram } from "./service.ts";

/** `test-hub.ts` on a runtime, run from its source. */
export function typeScriptHub(runtime: Runtime = "Node 26"): HubProgram {
  return { command: runtimeProgram(runtime), args: ["--conditions=signalbox-source", join(root, "e2e/support/test-hub.ts")] };
}
