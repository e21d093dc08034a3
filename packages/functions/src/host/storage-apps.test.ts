import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpBindings, v3Function } from "../../test/test-app.ts";
import { createApp, startHost } from "./started-host.suite.ts";
import { type StorageEmulator, startStorageEmulator } from "./storage-emulator.ts";

// Each test starts a process or several, and polls storage.

let folder: string;
let azurite: StorageEmulator;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-azurite-"));
  azurite = await startStorageEmulator(import.meta.dirname, folder, [0, 0, 0]);
});
afterAll(async () => {
  await azurite?.stop();
  rmSync(folder, { recursive: true });
});

const settings = () => ({
  "local.settings.json": { IsEncrypted: false, Values: { AzureWebJobsStorage: azurite.connectionString } },
});
const container = (name: string) => BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(name);
const put = (name: string, blob: string, text: string) =>
  container(name).getBlockBlobClient(blob).upload(text, Buffer.byteLength(text));

/** reference functions-host §2.8, with the real libraries and Azurite. */
describe("Storage bindings of an app", () => {
  it("of model v4 hand on from a blob to a queue, a table and a blob", async () => {
    const app = createApp({
      ...settings(),
      "src/app.js": `
        const { app, input, output } = require("@azure/functions");
        const queue = output.storageQueue({ queueName: "v4-work", connection: "" });
        app.storageBlob("arrived", { path: "v4-in/{folder}/{name}.{ext}", connection: "AzureWebJobsStorage", return: queue, handler: (blob, context) => {
          const { name, ext, folder, uri, blobTrigger, properties, metadata } = context.triggerMetadata;
          return { name, text: blob.toString(), isBuffer: Buffer.isBuffer(blob), ext, folder, uri, blobTrigger, length: properties.length, metadata };
        } });
        const table = output.table({ tableName: "v4Items", connection: "AzureWebJobsStorage" });
        const copy = output.storageBlob({ path: "v4-out/{name}.txt", connection: "Storage" });
        app.storageQueue("worked", { queueName: "v4-work", connection: "AzureWebJobsStorage", extraOutputs: [table, copy], handler: (item, context) => {
          context.extraOutputs.set(table, { PartitionKey: "p", RowKey: item.name, item: JSON.stringify(item) });
          context.extraOutputs.set(copy, item.text.toUpperCase());
        } });
        const row = input.table({ tableName: "v4Items", partitionKey: "p", rowKey: "{name}", connection: "AzureWebJobsStorage" });
        const text = input.storageBlob({ path: "v4-out/{name}.txt", connection: "AzureWebJobsStorage" });
        app.get("item", { route: "item/{name}", extraInputs: [row, text], handler: (_, context) => ({ jsonBody: [context.extraInputs.get(row)?.RowKey ?? null, context.extraInputs.get(text) ?? null, JSON.parse(context.extraInputs.get(row)?.item ?? "null")] }) });
      `,
    });
    const { call, host } = await startHost(app, { environment: { PATH: process.env.PATH, Storage: azurite.connectionString } });
    expect(host.loaded.problems).toEqual([]);
    await container("v4-in").create();
    await put("v4-in", "a/one.two.txt", "hello");
    await expect
      .poll(async () => (await call("/api/item/one.two")).json())
      .toEqual([
        "one.two",
        "HELLO",
        {
          name: "one.two",
          ext: "txt",
          folder: "a",
          text: "hello",
          isBuffer: true,
          uri: expect.stringMatching(/\/v4-in\/a(?:\/|%2F)one\.two\.txt$/),
          blobTrigger: "v4-in/a/one.two.txt",
          length: 5,
          metadata: {},
        },
      ]);
  });

  it("of model v3 do the same by function.json", async () => {
    const storage = { connection: "AzureWebJobsStorage" };
    const app = createApp({
      ...settings(),
      "package.json": {},
      ...v3Function(
        "arrived",
        [
          { type: "blobTrigger", direction: "in", name: "blob", path: "v3-in/{name}", dataType: "string", ...storage },
          { type: "table", direction: "out", name: "row", tableName: "v3Items", partitionKey: "p", ...storage },
          { type: "blob", direction: "out", name: "copy", path: "v3-out/{name}", ...storage },
        ],
        "module.exports = async (context, blob) => { context.bindings.row = { RowKey: context.bindingData.name, blob }; context.bindings.copy = Buffer.from(blob.v + '!'); };",
      ),
      ...v3Function(
        "item",
        [
          { ...httpBindings[0], route: "item/{name}" },
          httpBindings[1]!,
          {
            type: "table",
            direction: "in",
            name: "rows",
            tableName: "v3Items",
            filter: "RowKey eq '{name}'",
            take: 1,
            ...storage,
          },
          { type: "blob", direction: "in", name: "copy", path: "v3-out/{name}", dataType: "binary", ...storage },
        ],
        "module.exports = async (context, req, rows, copy) => { context.res.json([rows.length, copy?.toString() ?? null, Buffer.isBuffer(copy)]); };",
      ),
    });
    const { call } = await startHost(app);
    await container("v3-in").create();
    await put("v3-in", "one", '{"v":"hello"}');
    await expect.poll(async () => (await call("/api/item/one")).json()).toEqual([1, "hello!", true]);
    const table = TableClient.fromConnectionString(azurite.connectionString, "v3Items", { allowInsecureConnection: true });
    expect(await table.getEntity("p", "one")).toMatchObject({ partitionKey: "p", rowKey: "one" });
  });
});

describe("A blob trigger", () => {
  const counting = (path: string, more = "") => ({
    ...settings(),
    "src/app.js": `
      const { app } = require("@azure/functions");
      app.storageBlob("seen", { path: "${path}", connection: "AzureWebJobsStorage", handler: (blob, context) => { context.log("saw " + context.triggerMetadata.name + "=" + blob); ${more} } });`,
  });
  const saw = (lines: () => readonly string[]) => lines().filter((line) => line.startsWith("saw "));

  it("sees each content once, also over a restart, and blobs from before its start", async () => {
    const app = createApp(counting("seen/{name}.txt"));
    await container("seen").create();
    for (const name of ["a.txt", "b.txt", "ignored.md"]) await put("seen", name, "1");
    const first = await startHost(app);
    await expect.poll(() => saw(first.lines).sort()).toEqual(["saw a=1", "saw b=1"]);
    await put("seen", "a.txt", "2");
    await expect.poll(() => saw(first.lines)).toContain("saw a=2");
    await first.host.stop({ graceMs: 5000 });

    await put("seen", "c.txt", "1");
    const second = await startHost(app);
    await expect.poll(() => saw(second.lines)).toEqual(["saw c=1"]);
    await put("seen", "b.txt", "2");
    await expect.poll(() => saw(second.lines)).toEqual(["saw c=1", "saw b=2"]);
  });

  it("gives a blob up after as many attempts as host.json says, and tells a queue", async () => {
    const app = createApp({
      ...counting("poison/{name}", `throw new Error("no");`),
      "host.json": { version: "2.0", extensions: { blobs: { poisonBlobThreshold: 2 } } },
    });
    await container("poison").create();
    await put("poison", "bad", "1");
    const { lines } = await startHost(app);
    const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(
      "webjobs-blobtrigger-poison",
    );
    const told = async () => (await queue.peekMessages()).peekedMessageItems[0]?.messageText ?? "";
    await expect.poll(() => told().catch(() => "")).not.toBe("");
    expect(JSON.parse(Buffer.from(await told(), "base64").toString())).toMatchObject({
      Type: "BlobTrigger",
      FunctionId: "Host.Functions.seen",
      ContainerName: "poison",
      BlobName: "bad",
    });
    expect(saw(lines)).toEqual(["saw bad=1", "saw bad=1"]);
  });

  it.each([
    ["one", /must have the form container\/blob/],
    ["{c}/x", /must have a fixed name/],
    ["c/{a", /a brace without its partner/],
    ["c/{a.b}", /a brace without its partner, or one around what is no name/],
  ])("is refused with the path %s", async (path, message) => {
    const { host } = await startHost(createApp(counting(path)));
    expect(host.loaded.problems).toEqual([{ functionName: "seen", message: expect.stringMatching(message) }]);
  });

  it("is refused where the setting is missing, or asks for an identity", async () => {
    const missing = await startHost(createApp({ ...counting("c/{name}"), "local.settings.json": {} }));
    expect(missing.host.loaded.problems[0]?.message).toContain('needs the setting "AzureWebJobsStorage"');
    const Values = { AzureWebJobsStorage__blobServiceUri: "https://x.blob.core.windows.net" };
    const identity = await startHost(
      createApp({ ...counting("c/{name}"), "local.settings.json": { IsEncrypted: false, Values } }),
    );
    expect(identity.host.loaded.problems[0]?.message).toMatch(
      /"AzureWebJobsStorage__blobServiceUri" asks for a Microsoft Entra identity.* set "AzureWebJobsStorage" to a connection string/,
    );
  });
});

describe("A deferred blob (sdkBinding)", () => {
  /**
   * The part of `@azure/functions-extensions-blob` that meets the host, which is not on the registry: it registers a factory of the same name
   * with the same base package and reads the same members.
   */
  const extension = `
    const { ResourceFactoryResolver } = require("@azure/functions-extensions-base");
    ResourceFactoryResolver.getInstance().registerResourceFactory("AzureStorageBlobs", (data) => {
      const { Connection, ContainerName, BlobName } = JSON.parse(data.content.toString());
      return { version: data.version, contentType: data.contentType, isBuffer: Buffer.isBuffer(data.content), hasConnection: process.env[Connection] !== undefined, Connection, ContainerName, BlobName };
    });`;

  it("comes as a reference that the app's extension makes a client of", async () => {
    const app = createApp({
      "local.settings.json": { IsEncrypted: false, Values: { AzureWebJobsMine: azurite.connectionString } },
      "src/app.js": `
        const { app, input } = require("@azure/functions");
        ${extension}
        const blob = input.storageBlob({ path: "deferred/{name}", connection: "Mine", sdkBinding: true });
        app.get("blob", { route: "blob/{name}", extraInputs: [blob], handler: (_, context) => ({ jsonBody: context.extraInputs.get(blob) }) });
        app.storageBlob("arrived", { path: "deferred/{name}", connection: "Mine", sdkBinding: true, handler: (client, context) => context.log("client of " + client.BlobName) });`,
    });
    const scope = join(app, "node_modules", "@azure");
    mkdirSync(scope, { recursive: true });
    const library = createRequire(createRequire(import.meta.url).resolve("azure-functions-v4/package.json"));
    const base = library.resolve("@azure/functions-extensions-base");
    symlinkSync(dirname(dirname(base)), join(scope, "functions-extensions-base"));
    const { call, lines } = await startHost(app);
    expect(await (await call("/api/blob/one.txt")).json()).toEqual({
      version: "1.0",
      contentType: "application/json",
      isBuffer: true,
      hasConnection: true,
      Connection: "AzureWebJobsMine",
      ContainerName: "deferred",
      BlobName: "one.txt",
    });
    await container("deferred").create();
    await put("deferred", "two.txt", "2");
    await expect.poll(lines).toContain("client of two.txt");
  });

  it("is asked for in vain by an app without an extension, which is told so", async () => {
    const app = createApp({
      ...settings(),
      "src/app.js": `
        const { app, input } = require("@azure/functions");
        const blob = input.storageBlob({ path: "c/x", connection: "AzureWebJobsStorage", sdkBinding: true });
        app.get("blob", { extraInputs: [blob], handler: () => ({}) });`,
    });
    const { call, lines } = await startHost(app);
    expect((await call("/api/blob")).status).toBe(500);
    expect(lines().join("\n")).toMatch(/Unable to create client\. Please register the extensions library/);
  });
});
