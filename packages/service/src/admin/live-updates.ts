import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { RecentCalls } from "../backends/upstream/recent-calls.ts";
import { templateId } from "../backends/upstream/template-id.ts";
import type { TemplateSet } from "../backends/upstream/template-set.ts";
import type { LiveEvents } from "./contract.ts";
import { versionOf } from "./upstream-view.ts";

/** However fast events come, a page hears of them this often, milliseconds. */
const pace = 250;
/** A comment this often tells both ends that the other is there, milliseconds. */
const heartbeat = 15_000;

/**
 * Server-sent events: the state now, then what changes, gathered for {@link pace}. What a slow page has not read yet is replaced, not
 * queued: the last calls of a template are always told as a whole.
 * @param isSignedIn false: nothing more is told, and the stream ends
 */
export function liveUpdates(context: Context, set: TemplateSet, calls: RecentCalls, isSignedIn: () => boolean): Response {
  return streamSSE(context, async (stream) => {
    const changedCalls = new Set(set.inForce.map(templateId));
    let changed = true;
    let wake = () => {};
    const ends = [
      set.onChange(() => {
        changed = true;
        for (const template of set.inForce) changedCalls.add(templateId(template));
        wake();
      }),
      calls.onRecorded((id) => {
        changedCalls.add(id);
        wake();
      }),
    ];
    stream.onAbort(() => wake());
    const goesOn = () => !stream.aborted && !stream.closed && isSignedIn();
    const write = <E extends keyof LiveEvents>(event: E, data: LiveEvents[E]) =>
      stream.writeSSE({ event, data: JSON.stringify(data) });
    try {
      while (goesOn()) {
        if (changed) {
          changed = false;
          await write("changed", { version: versionOf(set) });
        }
        if (changedCalls.size > 0) {
          const ids = [...changedCalls];
          changedCalls.clear();
          await write("calls", Object.fromEntries(ids.map((id) => [id, calls.of(id)])));
        }
        await stream.sleep(pace);
        while (!changed && changedCalls.size === 0 && goesOn()) {
          await woken(heartbeat);
          if (!changed && changedCalls.size === 0) await stream.write(": still here\n\n");
        }
      }
    } finally {
      for (const end of ends) end();
    }

    function woken(limit: number): Promise<void> {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, limit);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  });
}
