import { describe, expect, it } from "vitest";
import { framedPayload, invocationPayload, jsonProtocol, MessageType, messagePackProtocol, messagePayload } from "./index.ts";

describe("invocationPayload", () => {
  it("encodes once for each protocol and shares the bytes", () => {
    let encodings = 0;
    const argument = {
      get value() {
        encodings++;
        return 1;
      },
    };
    const payload = invocationPayload("m", [argument]);
    expect(encodings).toBe(0);
    expect(payload.bytes("json")).toBe(payload.bytes("json"));
    expect(payload.bytes("messagepack")).toBe(payload.bytes("messagepack"));
    expect(encodings).toBe(2);
    expect(new TextDecoder().decode(payload.bytes("json"))).toBe('{"type":1,"target":"m","arguments":[{"value":1}]}\u001e');
    expect(messagePackProtocol.decode(payload.bytes("messagepack")!)).toEqual({
      type: 1,
      target: "m",
      arguments: [{ value: 1 }],
    });
  });

  it("fails in one protocol alone, and does not try again", () => {
    const payload = invocationPayload("m", [2n ** 64n]);
    expect(payload.bytes("json")).toBeDefined();
    const attempt = () => payload.bytes("messagepack");
    expect(attempt).toThrow("The integer 18446744073709551616 does not fit into 64 bits, the most that MessagePack can carry.");
    const errors = [1, 2].map(() => {
      try {
        return attempt();
      } catch (error) {
        return error;
      }
    });
    expect(errors[0]).toBe(errors[1]);
  });
});

describe("messagePayload", () => {
  it("has nothing for pages of Blazor Server, which only their own app can call", () => {
    expect(messagePayload({ type: MessageType.Ping }).bytes("blazorpack")).toBeUndefined();
  });

  it("carries any message", () => {
    const message = { type: MessageType.Close, error: "bye", allowReconnect: true } as const;
    expect(jsonProtocol.decode(messagePayload(message).bytes("json")!)).toEqual(message);
  });
});

describe("framedPayload", () => {
  it("passes the sender's bytes on, and none for a protocol it did not provide", () => {
    const frame = new Uint8Array([1, 2, 3]);
    const payload = framedPayload(
      new Map([
        ["messagepack", frame],
        ["blazorpack", frame],
      ]),
    );
    for (const protocol of ["messagepack", "blazorpack"] as const) expect(payload.bytes(protocol)).toBe(frame);
    expect(payload.bytes("json")).toBeUndefined();
  });
});
