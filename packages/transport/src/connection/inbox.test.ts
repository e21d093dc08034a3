import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CloseReasons } from "./close-reason.ts";
import { Inbox, type InboxOwner } from "./inbox.ts";

const over = { reason: CloseReasons.clientLeft, error: undefined };

/** Pauses when it is told to, as a hub does for each call. */
class Owner implements InboxOwner<number> {
  readonly inbox = new Inbox<number>();
  readonly accepted: number[] = [];
  pausesAfter: (item: number) => boolean;
  isOpen = true;
  reads = true;
  ended = 0;

  constructor(pausesAfter: (item: number) => boolean) {
    this.pausesAfter = pausesAfter;
  }

  accept(item: number): void {
    this.accepted.push(item);
    if (this.pausesAfter(item)) this.inbox.pause();
  }

  inputEnded(): void {
    this.ended++;
  }

  pauseTransport(): void {
    this.reads = false;
  }

  resumeTransport(): void {
    this.reads = true;
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("What a client sends to a connection that pauses", () => {
  it("is handed over once and in order, and the end behind it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 600 }), { maxLength: 6 }), fc.nat({ max: 5 }), fc.nat(), (chunks, every, seed) => {
        const owner = new Owner((item) => every > 0 && item % every === 0);
        let sent = 0;
        for (const [index, size] of chunks.entries()) {
          owner.inbox.take(
            numbers(size).map((number) => number + sent),
            owner,
          );
          sent += size;
          if ((seed >> index) % 2 === 1) owner.inbox.resume(owner);
        }
        owner.inbox.end(over, owner);
        while (owner.inbox.isPaused) {
          expect(owner.ended).toBe(0);
          owner.inbox.resume(owner);
        }
        expect(owner.accepted).toEqual(numbers(sent));
        expect(owner.ended).toBe(1);
        expect(owner.reads).toBe(true);
      }),
    );
  });

  it("may wait in hundreds of thousands", () => {
    const owner = new Owner(() => true);
    owner.inbox.take(numbers(300_000), owner);
    expect(owner.accepted).toEqual([0]);
    expect(owner.reads).toBe(false);
    while (owner.inbox.isPaused) owner.inbox.resume(owner);
    expect(owner.accepted).toHaveLength(300_000);
    expect(owner.accepted.at(-1)).toBe(299_999);
    expect(owner.reads).toBe(true);
  });

  it("waits on when the connection is resumed from within what is handed over", () => {
    const owner = new Owner(() => false);
    owner.pausesAfter = (item) => {
      if (item === 1) {
        owner.inbox.pause();
        owner.inbox.take([3, 4], owner);
        owner.inbox.resume(owner);
      }
      return false;
    };
    owner.inbox.take([0, 1, 2], owner);
    expect(owner.accepted).toEqual([0, 1, 2, 3, 4]);
    expect(owner.inbox.caughtUp()).toBeUndefined();
  });

  it("is forgotten when the connection has ended", () => {
    const owner = new Owner(() => true);
    owner.inbox.take([0, 1, 2], owner);
    owner.isOpen = false;
    owner.inbox.clear();
    owner.inbox.resume(owner);
    expect(owner.accepted).toEqual([0]);
  });
});
