import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { FunctionsHostOptions } from "@signalbox/functions";
import { Failure } from "./failure.ts";

/**
 * The identity that this machine has for Microsoft Entra, by the `@azure/identity` beside the app or this command. It is no dependency:
 * it is large, and only who runs functions against the cloud without an access key needs it.
 * @param directory the app's folder
 * @throws {Failure} when that package is not installed
 */
export function azureCredential(directory: string): NonNullable<FunctionsHostOptions["credential"]> {
  for (const from of [join(resolve(directory), "package.json"), import.meta.url]) {
    const require = createRequire(from);
    let path: string;
    try {
      path = require.resolve("@azure/identity");
    } catch {
      continue;
    }
    const { DefaultAzureCredential } = require(path) as typeof import("@azure/identity");
    return new DefaultAzureCredential();
  }
  throw new Failure("--azure-identity needs the package @azure/identity: npm install @azure/identity in the app's folder.");
}
