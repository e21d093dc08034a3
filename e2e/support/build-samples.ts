import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./repository.ts";

/** Builds the samples before any of their tests: once, because several files start the same sample, and a build empties its folder. */
export default async function buildSamples(): Promise<void> {
  const workspaces = readdirSync(join(root, "samples")).flatMap((name) => ["--workspace", `samples/${name}`]);
  await promisify(execFile)("npm", ["run", "build", "--if-present", ...workspaces], { cwd: root });
}
