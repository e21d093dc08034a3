import { jsonProtocol, MessageType, ServiceMessageType } from "@signalbox/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ScriptedService, type ServerConnection } from "../../test/scripted-service.ts";
import { Hub, HubServer, type ListeningHubServer } from "../index.ts";

let proceed = Promise.withResolvers<void>();
/** Whom the hub has heard to leave. */
const left: string[] = [];

class Counting extends Hub {
  override async onConnected() {
    if (this.context.features.query.has("greet")) await this.clients.all.send("number", 0);
  }

  override onDisconnected() {
    left.push(this.context.connectionId);
  }

  async count(from: number, to: number) {
    for (let number = from; number <= to; number++) {
      await this.clients.all.send("number", number);
      await new Promise(setImmediate);
    }
  }

  /** Goes on behind the call, once the test lets it. */
  countLater(from: number, to: number) {
    void proceed.promise.then(() => this.count(from, to));
  }
}

let services: readonly [ScriptedService, ScriptedService];
let listening: ListeningHubServer;

beforeEach(async () => {
  proceed = Promise.withResolvers();
  left.length = 0;
  services = [await ScriptedService.start(), await ScriptedService.start()];
  const [primary, secondary] = services.map(({ connectionString }) => connectionString);
  listening = await new HubServer({
    service: {
      endpoints: [{ connectionString: primary! }, { connectionString: secondary!, type: "secondary" }],
      connections: 3,
    },
    onError: () => {},
  })
    .map("/counting", Counting)
    .listen(0);
  for (const service of services) await service.connection(2);
});
afterEach(async () => {
  for (const connection of services.flatMap(({ connections }) => connections)) connection.ping("shutdown", "finack");
  await listening?.close();
  for (const service of services) await service.stop();
});

/** The numbers that were sent to all by way of a server connection, in order. */
function numbersOn(connection: ServerConnection): unknown[] {
  return connection.of(ServiceMessageType.BroadcastData).map(({ payloads }) => {
    const message = jsonProtocol.decode(payloads.get("json")!);
    return message?.type === MessageType.Invocation && message.arguments[0];
  });
}

/** By endpoint, the numbers of each server connection that has any. */
const numbers = () => services.map((service) => service.connections.map(numbersOn).filter(({ length }) => length > 0));

const upTo = (last: number) => Array.from({ length: last + 1 }, (_, i) => i);

describe("what a call sends takes one server connection of each endpoint", () => {
  it("across awaits, from onConnected on", async () => {
    const [primary] = services;
    const own = await primary.connection(1);
    own.open("c1", { queryString: "?greet=1" });
    own.call("c1", "count", [1, 4]);
    own.call("c1", "count", [5, 9]);
    await expect.poll(numbers).toEqual([[upTo(9)], [upTo(9)]]);
    expect(numbersOn(own)).toEqual(upTo(9));
  });

  it("behind the call", async () => {
    const own = await services[0].connection(2);
    own.open("c1");
    own.call("c1", "countLater", [1, 9]);
    own.call("c1", "count", [0, 0]);
    await expect.poll(numbers).toEqual([[[0]], [[0]]]);
    proceed.resolve();
    await expect.poll(numbers).toEqual([[upTo(9)], [upTo(9)]]);
    expect(numbersOn(own)).toEqual(upTo(9));
  });

  it("behind the end of the client", async () => {
    const own = await services[0].connection(2);
    own.open("c1");
    own.call("c1", "count", [0, 1]);
    own.call("c1", "countLater", [2, 9]);
    await expect.poll(numbers).toEqual([[upTo(1)], [upTo(1)]]);
    own.send({ type: ServiceMessageType.CloseConnection, connectionId: "c1", headers: new Map() });
    await expect.poll(() => left).toEqual(["c1"]);
    proceed.resolve();
    await expect.poll(numbers).toEqual([[upTo(9)], [upTo(9)]]);
    expect(numbersOn(own)).toEqual(upTo(9));
  });

  it("and another one, in order, once that is lost", async () => {
    const [primary, secondary] = services;
    const own = await primary.connection(0);
    own.open("c1");
    own.call("c1", "count", [0, 1]);
    own.call("c1", "countLater", [2, 9]);
    await expect.poll(numbers).toEqual([[upTo(1)], [upTo(1)]]);
    const used = secondary.connections.find((connection) => numbersOn(connection).length > 0)!;
    own.socket.terminate();
    used.socket.terminate();
    await expect.poll(() => left).toEqual(["c1"]);
    // Each lost connection is opened anew.
    for (const service of services) await service.connection(3);
    proceed.resolve();
    const rest = upTo(9).slice(2);
    await expect
      .poll(() => numbers().map((ofEndpoint) => ofEndpoint.toSorted((one, other) => one.length - other.length)))
      .toEqual([
        [upTo(1), rest],
        [upTo(1), rest],
      ]);
    for (const lost of [own, used]) expect(numbersOn(lost)).toEqual(upTo(1));
  });
});
