import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const prefix = "signalbox-tests-";

/** What tests, and the programs that they start, leave among the system's temporary files is in one folder, which goes with the run. */
export default function keepTemporaryFilesTogether(): (() => void) | undefined {
  // Each project asks.
  if (basename(tmpdir()).startsWith(prefix)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), prefix));
  process.env.TMPDIR = folder;
  // A program that was killed last may still be about to write: then once more.
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
