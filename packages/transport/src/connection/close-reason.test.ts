import { readFileSync } from "node:fs";
import { jsonProtocol, messagePackProtocol } from "@signalbox/protocol";
import { describe, expect, it } from "vitest";
import { CloseReasons } from "./close-reason.ts";
import { closeRecord } from "./own-records.ts";

const table = Object.values(CloseReasons);
const text = (record: Uint8Array) => Buffer.from(record).toString();

describe("the close reasons", () => {
  it("are those of docs/close-reasons.md", () => {
    const rows = table.map(({ name, metric, code, rawCode, sendsClose, allowReconnect, error }) => {
      const message = sendsClose ? (error === undefined ? "without error" : `\`${error}\``) : "none";
      return `| \`${name}\` | ${metric} | ${code} | ${message} | ${allowReconnect ? "yes" : "no"} | ${rawCode} |`;
    });
    const page = readFileSync(new URL("../../../../docs/close-reasons.md", import.meta.url), "utf8");
    expect(page.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
  });

  it("have a name and a metric of their own", () => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
    expect(new Set(table.map(({ metric }) => metric)).size).toBe(table.length);
    for (const [key, { name }] of Object.entries(CloseReasons)) expect(name).toBe(key);
  });

  it("read on the wire as the emulator's do (emulator-observed §2–4)", () => {
    const malformed = CloseReasons.malformedMessage;
    const closed = CloseReasons.closedByBackend;
    expect(text(closeRecord(jsonProtocol, malformed, undefined))).toBe(
      '{"type":7,"error":"Connection closed with an error.","allowReconnect":true}\u001e',
    );
    expect(text(closeRecord(jsonProtocol, closed, undefined))).toBe('{"type":7,"allowReconnect":true}\u001e');
    expect(text(closeRecord(jsonProtocol, closed, ""))).toBe('{"type":7,"error":"","allowReconnect":true}\u001e');
    expect(Buffer.from(closeRecord(messagePackProtocol, closed, "usr")).toString("hex")).toBe("079307a3757372c3");
    expect(Buffer.from(closeRecord(messagePackProtocol, closed, undefined)).toString("hex")).toBe("049307c0c3");
  });

  it("are encoded once for many connections", () => {
    const first = closeRecord(jsonProtocol, CloseReasons.drain, undefined);
    expect(closeRecord(jsonProtocol, CloseReasons.drain, undefined)).toBe(first);
    expect(closeRecord(jsonProtocol, CloseReasons.closedByBackend, "x")).not.toBe(first);
  });
});
