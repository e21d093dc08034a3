import { Subject } from "@microsoft/signalr";
import { describe, expect, it } from "vitest";
import { journalOf, type Stage, upload } from "./stage.ts";

export function describeStreams({ connect, server }: Stage): void {
  describe("streams from the server", () => {
    it("brings the items in order, then the end", async () => {
      await using client = await connect();
      expect(await client.stream("Count", 500)).toEqual({
        items: Array.from({ length: 500 }, (_, i) => i + 1),
        error: undefined,
      });
      expect(await client.stream("Letters")).toEqual({ items: ["a", "b", "c"], error: undefined });
    });

    it("ends a stream without items", async () => {
      await using client = await connect();
      expect(await client.stream("Count", 0)).toEqual({ items: [], error: undefined });
    });

    it("ends a stream that fails midway with the error", async () => {
      await using client = await connect();
      const { items, error } = await client.stream("FailAfter", 2, "out of numbers");
      expect(items).toEqual([1, 2]);
      expect(error).toContain("An error occurred on the server while streaming results. HubException: out of numbers");
    });

    it("tells why a stream did not begin", async () => {
      await using client = await connect();
      const { items, error } = await client.stream("RefuseToStream", "no numbers");
      expect(items).toEqual([]);
      expect(error).toBe("An unexpected error occurred invoking 'RefuseToStream' on the server. HubException: no numbers");
    });

    it("runs several streams of one client at a time", async () => {
      await using client = await connect();
      const streams = await Promise.all([1, 2, 3, 4].map((count) => client.stream("Count", count)));
      expect(streams.map(({ items }) => items.length)).toEqual([1, 2, 3, 4]);
    });

    it("stops a stream that the client cancels, and lets it clean up", async () => {
      await using client = await connect();
      const items: number[] = [];
      const subscription = client.connection.stream<number>("Forever").subscribe({
        next: (item) => items.push(item),
        complete: () => {},
        error: () => {},
      });
      await expect.poll(() => items.length).toBeGreaterThan(2);
      subscription.dispose();
      await client.received("the stream was cancelled");
      expect(await client.invoke("Echo", "still here")).toBe("still here");
    });

    it("stops a stream that the client cancels at once", async () => {
      await using client = await connect();
      client.connection
        .stream("Forever")
        .subscribe({ next: () => {}, complete: () => {}, error: () => {} })
        .dispose();
      await client.received("the stream was cancelled");
    });

    it("stops the streams of a client that leaves", async () => {
      const client = await connect();
      const { id } = client;
      client.connection.stream("Forever").subscribe({ next: () => {}, complete: () => {}, error: () => {} });
      await client.invoke("Nothing");
      await client.connection.stop();
      await expect.poll(() => journalOf(server(), id)).toEqual(["connected", "disconnected"]);
    });
  });

  describe("streams from the client", () => {
    it("joins the parts of an upload", async () => {
      await using client = await connect();
      const parts = ["Hello", " ", "wörld", "!"];
      expect(await client.invoke("Concat", upload(parts))).toBe("Hello wörld!");
    });

    it("takes an upload slowly, item by item, and beside other calls", async () => {
      await using client = await connect();
      const parts = new Subject<string>();
      const joined = client.invoke("Concat", parts);
      for (const part of ["a", "b", "c"]) {
        parts.next(part);
        expect(await client.invoke("Echo", part)).toBe(part);
      }
      parts.complete();
      expect(await joined).toBe("abc");
    });

    it("takes many more items than the hub buffers", async () => {
      await using client = await connect();
      const numbers = Array.from({ length: 300 }, (_, i) => i + 1);
      expect(await client.invoke("Sums", upload(numbers), 1, upload([]))).toEqual([45_150, 0]);
    });

    it("takes two streams with an argument between them", async () => {
      await using client = await connect();
      expect(await client.invoke("Sums", upload([1, 2, 3]), 10, upload([4, 5]))).toEqual([60, 90]);
    });

    it("tells the hub how an upload ended", async () => {
      await using client = await connect();
      expect(await client.invoke("EndOf", upload([1, 2]))).toBe("complete");
      expect(await client.invoke("EndOf", upload([1, 2], "the disk is gone"))).toContain("the disk is gone");
    });

    it("fails the invocation whose upload failed, when the hub does not care for it", async () => {
      await using client = await connect();
      const error = await client.invoke("Concat", upload(["a"], "the disk is gone")).catch((error: Error) => error.message);
      expect(error).toContain("An unexpected error occurred invoking 'Concat' on the server.");
      expect(error).toContain("the disk is gone");
    });

    it("refuses a call without the streams that the method takes", async () => {
      await using client = await connect();
      const error = await client.invoke("Concat").catch((error: Error) => error.message);
      expect(error).toContain("Client sent 0 stream(s), Hub method expects 1.");
    });

    it("streams both ways at once", async () => {
      await using client = await connect();
      expect(await client.stream("Doubled", upload([1, 2, 3]))).toEqual({ items: [2, 4, 6], error: undefined });
    });

    it("answers each item before the next when streams go both ways", async () => {
      await using client = await connect();
      const numbers = new Subject<number>();
      const doubled: number[] = [];
      const ended = new Promise<void>((resolve, reject) => {
        client.connection
          .stream<number>("Doubled", numbers)
          .subscribe({ next: (item) => doubled.push(item), complete: resolve, error: reject });
      });
      for (const number of [1, 2, 3]) {
        numbers.next(number);
        await expect.poll(() => doubled).toHaveLength(number);
      }
      numbers.complete();
      await ended;
      expect(doubled).toEqual([2, 4, 6]);
    });
  });
}
