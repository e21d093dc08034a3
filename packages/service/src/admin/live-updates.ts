import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { RecentCalls } from "../backends/upstream/recent-calls.ts";
import { templateId } from "../backends/upstream/template-id.ts";
import type { TemplateSet } from "../backends/upstream/template-set.ts";
import type { UntakenEvents } from "../backends/upstream/untaken-events.ts";
import type { LiveEvents } from "./contract.ts";
import { versionOf } from "./upstream-view.ts";

/** However fast events come, a page hears of them this often, milliseconds. */
const pace = 250;
/** A comment this often tells both ends that the other is there, milliseconds. */
const heartbeat = 15_000;

interface Watched {
  readonly set: TemplateSet;
  readonly calls: RecentCalls;
  readonly untaken: UntakenEvents;
}

/**
 * Server-sent events: the state now, then what changes, gathered for {@link pace}. What a slow page has not read yet is replaced, not
 * queued: the last calls of a template, and the events that none takes, are always told as a whole.
 * @param isSignedIn false: nothing more is told, and the stream ends
 */
export function liveUpdates(context: Context, { set, calls, untaken }: Watched, isSignedIn: () => boolean): Response {
  return streamSSE(context, async (stream) => {
    const changedCalls = new Set(set.inForce.map(templateId));
    let changed = true;
    let untakenChanged = true;
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
      untaken.onChange(() => {
        untakenChanged = true;
        wake();
      }),
    ];
    const isNews = () => changed || untakenChanged || changedCalls.size > 0;
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
        if (untakenChanged) {
          untakenChanged = false;
          await write("untaken", untaken.all);
        }
        await stream.sleep(pace);
        while (!isNews() && goesOn()) {
          await woken(heartbeat);
          if (!isNews()) await stream.write(": still here\n\n");
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
