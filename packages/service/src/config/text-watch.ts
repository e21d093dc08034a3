import { readFile } from "node:fs/promises";

export interface Watcher {
  close(): void;
}

/**
 * Calls back when the text of a file has changed. Reads the small file twice a second instead of asking the operating system for events:
 * those are lost on network and container mounts, and when an editor or a Kubernetes ConfigMap puts another file in its place. New
 * text counts once two readings in a row agree, so a file caught half-written is not taken; effective within about a second.
 *
 * ```
 *            differs from accepted              same again
 *  accepted ───────────────────────▶ candidate ────────────▶ accepted, onText
 *      ▲                                │  ▲ └── another text: new candidate
 *      └──── back to the accepted one ──┘
 * ```
 *
 * Does not keep the process alive.
 * @param text what was read before, undefined for no file
 * @param onText gets undefined when the file is gone
 * @param onError once per spell of failing reads
 */
export function watchText(
  path: string,
  text: string | undefined,
  onText: (text: string | undefined) => void,
  onError: (error: Error) => void,
): Watcher {
  let accepted = text;
  let candidate = text;
  let failing = false;
  let reading = false;

  const timer = setInterval(async () => {
    // A reading that hangs (a network mount) must not pile up others behind it.
    if (reading) return;
    reading = true;
    try {
      const read = await readText(path);
      if (stopped) return;
      failing = false;
      const settled = read === candidate && read !== accepted;
      candidate = read;
      if (settled) {
        accepted = read;
        onText(read);
      }
    } catch (error) {
      if (!failing && !stopped) onError(error as Error);
      failing = true;
    } finally {
      reading = false;
    }
  }, 500);
  timer.unref();
  let stopped = false;
  return {
    close() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
