import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Transactions } from "../src/transactions.ts";

const minute = 60_000;

describe("Transactions, shared by two instances", () => {
  let folder: string;
  let file: string;
  let one: Transactions;
  let two: Transactions;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secure-message-"));
    file = join(folder, "transactions.db");
    one = new Transactions(file, minute);
    two = new Transactions(file, minute);
  });
  afterEach(() => {
    vi.useRealTimers();
    one[Symbol.dispose]();
    two[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  const connectionOf = (id: string) => one.find(id)?.connectionId;

  it("are known to both from the start", () => {
    const { id } = one.begin();
    expect(two.find(id)).toEqual({ connectionId: undefined });
    const { key, number } = two.admit(id)!;
    two.connected(key, number, "c1");
    expect(one.find(id)).toEqual({ connectionId: "c1" });
  });

  it("have ids that cannot be guessed, and that the file does not hold", () => {
    const ids = Array.from({ length: 100 }, () => one.begin().id);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(Buffer.from(id, "base64url")).toHaveLength(32);
    const stored = ["", "-wal"].map((end) => readFileSync(file + end, "latin1")).join("");
    for (const id of ids) expect(stored).not.toContain(id);
  });

  it.each(["", "x", "' OR 1=1 --", "A".repeat(43), "A".repeat(100_000), "ä".repeat(43)])("do not know %.20j", (id) => {
    one.begin();
    expect(one.admit(id)).toBeUndefined();
    expect(one.find(id)).toBeUndefined();
  });

  it("are not found by their key, which other places may see", () => {
    const { key } = one.admit(one.begin().id)!;
    expect(one.admit(key)).toBeUndefined();
    expect(one.find(key)).toBeUndefined();
  });

  it("keep the new connection when the end of the old one is told late", () => {
    const { id } = one.begin();
    const first = one.admit(id)!;
    const { lease } = one.connected(first.key, first.number, "old")!;
    const second = two.admit(id)!;
    expect(two.connected(second.key, second.number, "new")).toMatchObject({ replaced: "old" });
    one.disconnected(first.key, lease);
    expect(connectionOf(id)).toBe("new");
  });

  it("keep the new connection when even the beginning of the old one is told late", () => {
    const { id } = one.begin();
    const first = one.admit(id)!;
    const second = two.admit(id)!;
    two.connected(second.key, second.number, "new");
    expect(one.connected(first.key, first.number, "old")).toBeUndefined();
    expect(connectionOf(id)).toBe("new");
  });

  it("keep a connection that moves to the other instance under its own id", () => {
    const { id } = one.begin();
    const { key, number } = one.admit(id)!;
    const { lease } = one.connected(key, number, "moved")!;
    two.connected(key, number, "moved");
    one.disconnected(key, lease);
    expect(connectionOf(id)).toBe("moved");
  });

  it("have no connection after its end", () => {
    const { id } = one.begin();
    const { key, number } = one.admit(id)!;
    const { lease } = one.connected(key, number, "c1")!;
    two.disconnected(key, lease);
    expect(two.find(id)).toEqual({ connectionId: undefined });
  });

  it("end at their time, for those who are connected as well", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { id, expiresAt } = one.begin();
    const { key, number } = one.admit(id)!;
    one.connected(key, number, "c1");
    vi.setSystemTime(expiresAt.getTime() - 1);
    expect(connectionOf(id)).toBe("c1");
    vi.setSystemTime(expiresAt);
    expect(one.find(id)).toBeUndefined();
    expect(two.admit(id)).toBeUndefined();
    expect(two.connected(key, number, "c2")).toBeUndefined();
  });
});
