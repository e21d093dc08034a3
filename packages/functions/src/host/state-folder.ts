import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A folder for what outlives the host: keys, the status of timers, stored data. It is made when it is first needed, and git does not see it.
 * @param root of all of them; `.signalbox` in the app's folder
 * @returns the path of the folder
 */
export async function stateFolder(root: string, name: "secrets" | "storage" | "timers"): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(join(root, ".gitignore"), "*\n", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return folder;
}
