import { describe, expect, it } from "vitest";
import { event } from "./event.ts";

const headers = {
  "x-asrs-connection-id": "c1",
  "x-asrs-user-id": "User abc",
  "x-asrs-event": "connect",
  "x-asrs-client-query": "?name=User%20abc&room=1&room=2",
};

describe("event", () => {
  it.each([
    ["an object of headers", headers],
    ["Headers", new Headers(headers)],
  ])("reads %s", (_, given) => {
    expect(event(given)).toEqual({
      connectionId: "c1",
      userId: "User abc",
      query: { name: "User abc", room: "2" },
      eventName: "connect",
      isConnectEvent: true,
      isMessageEvent: false,
      isDisconnectEvent: false,
    });
  });

  it.each(["message", "disconnect"])("tells %s", (name) => {
    expect(event({ "x-asrs-event": name })).toMatchObject({
      isConnectEvent: false,
      isMessageEvent: name === "message",
      isDisconnectEvent: name === "disconnect",
    });
  });

  it("is not surprised by a request that is no event", () => {
    expect(event({})).toMatchObject({ connectionId: undefined, userId: undefined, query: {}, eventName: undefined });
  });

  it("reads names beyond ASCII, which come as UTF-8 bytes, and leaves others as they are", () => {
    const sent = Buffer.from("Zoë 🎈").toString("latin1");
    expect(event({ "x-asrs-user-id": sent }).userId).toBe("Zoë 🎈");
    expect(event({ "x-asrs-user-id": "Zoë" }).userId).toBe("Zoë");
    expect(event({ "x-asrs-user-id": "Zoë 🎈" }).userId).toBe("Zoë 🎈");
  });

  it("takes the first of a repeated header", () => {
    expect(event({ "x-asrs-connection-id": ["a", "b"] }).connectionId).toBe("a");
  });
});
