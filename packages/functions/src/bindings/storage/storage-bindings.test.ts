import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { type QueueClient, QueueServiceClient } from "@azure/storage-queue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LayeredSettings } from "../../config/app-settings.ts";
import type { BindingData, InputBinding, OutputBinding, TriggerHost } from "../../contracts/binding.ts";
import type { FunctionDefinition } from "../../contracts/function-definition.ts";
import type { FunctionCall } from "../../contracts/function-runner.ts";
import { fromTypedData, toTypedData } from "../../contracts/typed-data.ts";
import { type StorageEmulator, startStorageEmulator } from "../../host/storage-emulator.ts";
import { binding, contextOf, indexing, settingsOf } from "../bindings.suite.ts";
import { BlobInput, BlobOutput } from "../blob/blob-bindings.ts";
import { QueueOutput } from "../queue/queue-output.ts";
import { defaultQueueOptions, QueueTrigger } from "../queue/queue-trigger.ts";
import { TableInput, TableOutput } from "../table/table-bindings.ts";
import { StorageConnections } from "./storage-connections.ts";

let folder: string;
let azurite: StorageEmulator;
let settings: LayeredSettings;
let storage: StorageConnections;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-azurite-"));
  azurite = await startStorageEmulator(import.meta.dirname, folder, [0, 0, 0]);
  settings = settingsOf({ AzureWebJobsStorage: azurite.connectionString, Own: azurite.connectionString });
  storage = new StorageConnections(settings);
});
afterAll(async () => {
  await azurite?.stop();
  rmSync(folder, { recursive: true });
});

let count = 0;
const freshName = () => `name${++count}`;

const read = async (input: InputBinding, properties: object, data: BindingData = {}) =>
  fromTypedData(await input.read(binding(input.type, { ...properties }), contextOf(settings, data)));
const write = (output: OutputBinding, properties: object, value: unknown, data: BindingData = {}) =>
  output.write(binding(output.type, { ...properties }, "out"), toTypedData(value), contextOf(settings, data));

describe("The table input", () => {
  let tableName: string;
  beforeAll(async () => {
    tableName = freshName();
    const table = TableClient.fromConnectionString(azurite.connectionString, tableName, { allowInsecureConnection: true });
    await table.createTable();
    await table.createEntity({ partitionKey: "p", rowKey: "1", text: "it's", long: 9007199254740993n, at: new Date(0) });
    await table.createEntity({ partitionKey: "p", rowKey: "2", number: 2 });
    await table.createEntity({ partitionKey: "q", rowKey: "1", number: 3 });
  });
  const table = () => new TableInput(storage);
  const keysOf = (rows: unknown) => (rows as { PartitionKey: string; RowKey: string }[]).map((r) => r.PartitionKey + r.RowKey);

  it("with both keys gives an entity, or null", async () => {
    const one = await table().read(
      binding("table", { tableName, partitionKey: "{p}", rowKey: "1" }),
      contextOf(settings, { p: "p" }),
    );
    expect(one.json).toContain("9007199254740993");
    expect(fromTypedData(one)).toMatchObject({ PartitionKey: "p", RowKey: "1", text: "it's", at: "1970-01-01T00:00:00.000Z" });
    expect(await read(table(), { tableName, partitionKey: "p", rowKey: "none" })).toBeNull();
  });

  it("otherwise gives an array, by partition, filter and take together", async () => {
    expect(keysOf(await read(table(), { tableName }))).toEqual(["p1", "p2", "q1"]);
    expect(keysOf(await read(table(), { tableName, partitionKey: "p" }))).toEqual(["p1", "p2"]);
    expect(keysOf(await read(table(), { tableName, filter: "number gt 1" }))).toEqual(["p2", "q1"]);
    expect(keysOf(await read(table(), { tableName, partitionKey: "p", filter: "number gt 1" }))).toEqual(["p2"]);
    expect(keysOf(await read(table(), { tableName, take: 2 }))).toEqual(["p1", "p2"]);
    expect(keysOf(await read(table(), { tableName, filter: "text eq '{t}'" }, { t: "it''s" }))).toEqual(["p1"]);
  });

  it("of a table that is missing gives nothing", async () => {
    expect(await read(table(), { tableName: "missing" })).toEqual([]);
    expect(await read(table(), { tableName: "missing", partitionKey: "p", rowKey: "1" })).toBeNull();
  });

  it("is refused with a bad name or a setting that is missing", () => {
    const check = (properties: object) => table().check(binding("table", { ...properties }), indexing(settings));
    expect(() => check({ tableName: "a-b" })).toThrow(/3 to 63 letters and digits/);
    expect(() => check({})).toThrow(/has no "tableName"/);
    expect(() => check({ tableName: "abc", connection: "Nothing" })).toThrow(/needs the setting "Nothing"/);
    expect(() => check({ tableName: "abc", connection: "Own" })).not.toThrow();
  });
});

describe("The table output", () => {
  const output = () => new TableOutput(storage);
  const rows = (tableName: string) => read(new TableInput(storage), { tableName });

  it("makes the table and inserts entities, whose own keys overrule the binding's", async () => {
    const tableName = freshName();
    await write(
      output(),
      { tableName, partitionKey: "{p}", rowKey: "r" },
      { number: 1, big: 5_000_000_000, nested: { a: 1 }, none: null },
      { p: "p" },
    );
    await write(output(), { tableName, partitionKey: "p" }, [{ rowKey: "s" }, { PartitionKey: "q", RowKey: "t", real: 1.5 }]);
    expect(await rows(tableName)).toEqual([
      { PartitionKey: "p", RowKey: "r", number: 1, big: 5_000_000_000, nested: '{"a":1}' },
      { PartitionKey: "p", RowKey: "s" },
      { PartitionKey: "q", RowKey: "t", real: 1.5 },
    ]);
  });

  it("refuses a second insert, and replaces with an ETag of *", async () => {
    const tableName = freshName();
    const properties = { tableName, partitionKey: "p", rowKey: "r" };
    await write(output(), properties, { a: 1 });
    await expect(write(output(), properties, { a: 2 })).rejects.toThrow();
    await write(output(), properties, { b: 3, ETag: "*" });
    expect(await rows(tableName)).toEqual([{ PartitionKey: "p", RowKey: "r", b: 3 }]);
    await expect(write(output(), properties, { c: 4, ETag: 'W/"old"' })).rejects.toThrow();
  });

  it("writes more than a transaction takes, and a row twice, in order", async () => {
    const tableName = freshName();
    const many = Array.from({ length: 120 }, (_, i) => ({ PartitionKey: "p", RowKey: `${i}` }));
    await write(output(), { tableName }, [...many, { PartitionKey: "p", RowKey: "0", second: true, ETag: "*" }]);
    expect(await rows(tableName)).toHaveLength(120);
    expect(await read(new TableInput(storage), { tableName, partitionKey: "p", rowKey: "0" })).toMatchObject({ second: true });
  });

  it("takes JSON text, and refuses what is no entity", async () => {
    const tableName = freshName();
    await write(output(), { tableName }, '{"PartitionKey":"p","RowKey":""}');
    expect(await rows(tableName)).toEqual([{ PartitionKey: "p", RowKey: "" }]);
    await expect(write(output(), { tableName }, { RowKey: "r" })).rejects.toThrow(
      "An entity of a table output has no PartitionKey.",
    );
    await expect(write(output(), { tableName }, "text")).rejects.toThrow(/not JSON/);
    await expect(write(output(), { tableName }, [1])).rejects.toThrow(/an object or an array of objects/);
  });
});

describe("Blobs", () => {
  it("are written as text, bytes or JSON, making the container, and read as text or bytes", async () => {
    const container = freshName();
    const [input, output] = [new BlobInput(storage), new BlobOutput(storage)];
    const path = `${container}/a/{name}.txt`;
    await write(output, { path }, "Zoë", { name: "one" });
    expect(await read(input, { path }, { name: "one" })).toBe("Zoë");
    await write(output, { path }, { a: 1 }, { name: "one" });
    expect(await read(input, { path, connection: "Own" }, { name: "one" })).toBe('{"a":1}');
    await write(output, { path }, new Uint8Array([0, 255]), { name: "two" });
    expect(new Uint8Array((await read(input, { path, dataType: "binary" }, { name: "two" })) as Uint8Array)).toEqual(
      new Uint8Array([0, 255]),
    );
    await write(output, { path }, "", { name: "empty" });
    expect(await read(input, { path }, { name: "empty" })).toBe("");
  });

  it("that are missing are null", async () => {
    const container = freshName();
    expect(await read(new BlobInput(storage), { path: `${container}/x` })).toBeNull();
    await BlobServiceClient.fromConnectionString(azurite.connectionString).createContainer(container);
    expect(await read(new BlobInput(storage), { path: `${container}/x` })).toBeNull();
  });

  it("need a path of container and name", () => {
    expect(() => new BlobInput(storage).check(binding("blob", { path: "one" }), indexing(settings))).toThrow(/container\/blob/);
  });
});

describe("Queues", () => {
  const options = { ...defaultQueueOptions, maxDequeueCount: 2, maxPollingInterval: 200 };
  const client = (name: string) => QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(name);
  const texts = async (queue: QueueClient) =>
    (await queue.peekMessages({ numberOfMessages: 32 })).peekedMessageItems.map(({ messageText }) =>
      Buffer.from(messageText, "base64").toString(),
    );

  function listen(queueName: string, run: (call: FunctionCall) => boolean) {
    const calls: FunctionCall[] = [];
    // The runner stands in for an app: what an app makes of a message is tested with real ones.
    const host: TriggerHost = {
      ...indexing(settings),
      log: () => {},
      runner: {
        async run(_name, call) {
          calls.push(call);
          const error = { failure: "function", name: "Error", message: "no" } as const;
          return run(call) ? { invocationId: "", outputs: {} } : { invocationId: "", outputs: {}, error };
        },
      },
    };
    const definition = { name: "f", bindings: [binding("queueTrigger", { queueName })] } as unknown as FunctionDefinition;
    return { calls, running: new QueueTrigger(storage, options).start(definition, host) };
  }

  it("get a message for each item, and are made when they are missing", async () => {
    const queueName = freshName();
    await write(new QueueOutput(storage, "base64"), { queueName }, ["one", { two: 2 }]);
    await write(new QueueOutput(storage, "base64"), { queueName }, "three");
    expect(await texts(client(queueName))).toEqual(["one", '{"two":2}', "three"]);
  });

  it("trigger a function with text or JSON and its metadata, and keep no message that succeeded", async () => {
    const queueName = freshName();
    const { calls, running } = await listen(queueName, () => true);
    await write(new QueueOutput(storage, "base64"), { queueName }, ["plain", { id: 7 }]);
    await expect.poll(() => calls.length).toBe(2);
    await running.stop();
    const byText = new Map(calls.map((call) => [call.bindingData.queueTrigger, call]));
    expect(byText.get("plain")!.data).toEqual({ string: "plain" });
    expect(byText.get("plain")!.bindingData).toMatchObject({ dequeueCount: 1, id: expect.any(String) });
    expect(byText.get('{"id":7}')!.data).toEqual({ json: '{"id":7}' });
    expect((await client(queueName).getProperties()).approximateMessagesCount).toBe(0);
  });

  it("try a message again, and put it away after maxDequeueCount", async () => {
    const queueName = freshName();
    const { calls, running } = await listen(queueName, () => false);
    await write(new QueueOutput(storage, "base64"), { queueName }, "bad");
    await expect.poll(() => texts(client(`${queueName}-poison`)).catch(() => [])).toEqual(["bad"]);
    await running.stop();
    expect(calls.map(({ bindingData }) => bindingData.dequeueCount)).toEqual([1, 2]);
    expect((await client(queueName).getProperties()).approximateMessagesCount).toBe(0);
  });
});
