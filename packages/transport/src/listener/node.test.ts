import { ListenerFixture, MAX_HEADER_BYTES, MAX_MESSAGE_BYTES } from "../../test/listener-fixture.ts";
import { conformanceSuite } from "./conformance.suite.ts";
import { listenerSuite, type RunningFixture, type StartOptions } from "./listener.suite.ts";
import { listenOnNode } from "./node.ts";

const start = async (options: StartOptions = {}): Promise<RunningFixture> => {
  const handler = new ListenerFixture();
  const listener = await listenOnNode({
    port: 0,
    ...options,
    maxHeaderBytes: MAX_HEADER_BYTES,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    handler,
  });
  handler.listener = listener;
  return { port: listener.port, hosts: listener.hosts, stop: () => listener.close() };
};

listenerSuite("Node", start);
conformanceSuite("Node", start);
