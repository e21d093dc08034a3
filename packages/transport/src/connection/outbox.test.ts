import { describe, expect, it } from "vitest";
import { FlushQueue } from "./outbox.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a flush queue", () => {
  it("flushes in the order of the requests, at the end of the turn", async () => {
    const flushed: string[] = [];
    const queue = new FlushQueue(() => {});
    queue.request({ flush: () => flushed.push("a") });
    await Promise.resolve();
    queue.request({ flush: () => flushed.push("b") });
    expect(flushed).toEqual([]);
    await turn();
    expect(flushed).toEqual(["a", "b"]);
  });

  it("leaves what a flush requests to the next turn", async () => {
    const flushed: string[] = [];
    const queue = new FlushQueue(() => {});
    queue.request({
      flush: () => {
        flushed.push("first");
        queue.request({ flush: () => flushed.push("second") });
      },
    });
    await turn();
    expect(flushed).toEqual(["first"]);
    await turn();
    expect(flushed).toEqual(["first", "second"]);
  });

  it("flushes the others when one fails", async () => {
    const errors: unknown[] = [];
    const flushed: string[] = [];
    const queue = new FlushQueue((error) => errors.push(error));
    queue.request({
      flush: () => {
        throw new Error("defect");
      },
    });
    queue.request({ flush: () => flushed.push("other") });
    await turn();
    expect(flushed).toEqual(["other"]);
    expect(errors).toEqual([new Error("defect")]);
  });
});
