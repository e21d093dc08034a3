import { JsonHubProtocol, MessageType, NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { describe, expect, it } from "vitest";
import { OverhearingProtocol } from "./overhearing-protocol.ts";

describe.each([new JsonHubProtocol(), new MessagePackHubProtocol()])("overhearing $name", (inner) => {
  const heard: string[] = [];
  const protocol = new OverhearingProtocol(inner, ({ target }) => heard.push(target));

  it("reports invocations of any target and hands on everything else, and invocations that want an answer", () => {
    const bytes = [
      { type: MessageType.Invocation, target: "one", arguments: [] },
      { type: MessageType.Ping },
      { type: MessageType.Invocation, target: "two", arguments: [1], invocationId: "7" },
    ].map((message) => Buffer.from(inner.writeMessage(message as never) as string));
    const joined = Buffer.concat(bytes);
    const input = inner.name === "json" ? joined.toString() : new Uint8Array(joined).buffer;
    const passed = protocol.parseMessages(input, NullLogger.instance);
    expect(heard).toEqual(["one", "two"]);
    expect(passed.map(({ type }) => type)).toEqual([MessageType.Ping, MessageType.Invocation]);
  });

  it("is the protocol it stands for", () => {
    expect(protocol).toMatchObject({ name: inner.name, version: inner.version, transferFormat: inner.transferFormat });
  });
});
