import { encode } from "@msgpack/msgpack";
import { jsonProtocol, messagePackProtocol } from "@signalbox/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { routeTable } from "./route-table.ts";
import { type RawClient, StartedRest } from "./started-rest.suite.ts";

let rest: StartedRest;
let json: RawClient, messagePack: RawClient;
beforeAll(async () => {
  rest = await StartedRest.start();
  json = await rest.connect("obs", "u1");
  messagePack = await rest.connect("obs", "u2", "messagepack");
});
afterAll(async () => {
  // After all that was sent both clients are still there and still receive.
  json.text();
  messagePack.text();
  expect((await rest.call("POST", "/api/v1/hubs/obs", { body: '{"target":"alive"}' })).status).toBe(202);
  let got = "";
  await vi.waitFor(() => {
    got += json.text() + messagePack.text();
    expect(got).toMatch(/alive[\s\S]*alive/);
  });
  expect(rest.errors).toEqual([]);
  await rest.stop();
});

const octets = "application/octet-stream";
const frame = (args: unknown[] = []) => jsonProtocol.encode({ type: 1, target: "m", arguments: args });
const packed = (args: unknown[] = []) => messagePackProtocol.encode({ type: 1, target: "m", arguments: args });
const text = (value: string) => new Uint8Array(Buffer.from(value));

async function refusal(body: string | Uint8Array, type = "application/json"): Promise<string> {
  const response = await rest.call("POST", "/api/hubs/obs/:send", { body, type });
  expect(response.status).toBe(400);
  return ((await response.json()) as { message: string }).message;
}

describe("a message that could not be delivered to everybody is refused", () => {
  it.each<[string, string | RegExp]>([
    ["null", "Message in request body is required."],
    ["{}", "The Target field is required."],
    ['{"target":null}', "The Target field is required."],
    ['{"target":" "}', "The Target field is required."],
    ['{"target":{}}', "The Target field must be a text."],
    ['{"target":"m","arguments":{}}', "The Arguments field must be an array."],
    ['{"target":"m","arguments":"x"}', "The Arguments field must be an array."],
    ["[]", "The message must be an object with a target."],
    ['"x"', "The message must be an object with a target."],
    ["{", /^The body cannot be read: /],
    ["hello", /^The body cannot be read: /],
    ['{"target":"m"} more', /^The body cannot be read: /],
    ['// comment\n{"target":"m"}', /^The body cannot be read: /],
    ['{"target":"m","arguments":[1e400]}', "A number is too large to be delivered."],
    ['{"target":"m","arguments":[{"a":[-1e999]}]}', "A number is too large to be delivered."],
    ['{"target":"m","arguments":[18446744073709551616]}', "The integer 18446744073709551616 does not fit 64 bits."],
    ['{"target":"m","arguments":["\\ud800"]}', "A text holds half of a surrogate pair, which cannot be sent."],
    ['{"target":"m","arguments":[{"\\udc00":1}]}', "A text holds half of a surrogate pair, which cannot be sent."],
    ['{"target":"\\ud800"}', "A text holds half of a surrogate pair, which cannot be sent."],
    [`{"target":"m","arguments":[${"[".repeat(63)}${"]".repeat(63)}]}`, "The message is nested deeper than 64 levels."],
    [`{"target":"m","arguments":[${"[".repeat(500_000)}${"]".repeat(500_000)}]}`, /nest/],
  ])("%s", async (body, expected) => {
    expect(await refusal(body)).toMatch(expected);
  });

  it("what is just within the limits is delivered", async () => {
    const body = `{"target":"m","arguments":[${"[".repeat(62)}${"]".repeat(62)}, 1.7e308, 18446744073709551615]}`;
    expect((await rest.call("POST", "/api/hubs/obs/:send", { body })).status).toBe(202);
  });

  it("invalid UTF-8", async () => {
    expect(await refusal(new Uint8Array([0x22, 0xff, 0x22]))).toBe("The body is not valid utf-8.");
    expect(await refusal('{"target":"m"}', "application/json; charset=utf-16")).toMatch(/cannot be read|not valid/);
  });

  it("MessagePack that is cut, goes on, or holds what has no form", async () => {
    const body = encode({ target: "m", arguments: [1] });
    expect(await refusal(body.subarray(0, -1), "application/x-msgpack")).toMatch(/^The body cannot be read: /);
    expect(await refusal(Buffer.concat([body, body]), "application/x-msgpack")).toMatch(/^The body cannot be read: /);
    const farOff = Buffer.concat([
      Buffer.from("82a6746172676574a16da9617267756d656e747391c70cff", "hex"),
      Buffer.alloc(12, 0x7f),
    ]);
    expect(await refusal(farOff, "application/x-msgpack")).toMatch(/timestamp|cannot be read/);
  });

  it.each<[string, unknown, string | RegExp]>([
    ["no map", [frame()], "An octet-stream body must be a MessagePack map of protocol name to framed record."],
    ["an empty map", {}, "An octet-stream body must be a MessagePack map of protocol name to framed record."],
    ["text instead of bytes", { json: "x" }, "The record for 'json' is not binary."],
    ["nothing", { json: text("") }, /exactly one whole record/],
    ["no end", { json: text('{"type":1,"target":"m","arguments":[]}') }, /exactly one whole record/],
    ["two records", { json: Buffer.concat([frame(), frame()]) }, /exactly one whole record/],
    ["a record and a half", { json: Buffer.concat([frame(), text("{")]) }, /exactly one whole record/],
    ["no JSON", { json: text("{\u001e") }, /^The record for 'json' cannot be read: /],
    ["no target", { json: text('{"type":1,"arguments":[]}\u001e') }, /^The record for 'json' cannot be read: /],
    ["another type", { json: text('{"type":7}\u001e') }, "The record for 'json' must be an Invocation."],
    ["an unknown type", { json: text('{"type":42}\u001e') }, "The record for 'json' must be an Invocation."],
    ["an id", { json: text('{"type":1,"invocationId":"1","target":"m","arguments":[]}\u001e') }, /must not have an id/],
    [
      "a number too large",
      { json: text('{"type":1,"target":"m","arguments":[1e400]}\u001e') },
      "A number is too large to be delivered.",
    ],
    [
      "deep nesting",
      { json: text(`{"type":1,"target":"m","arguments":[${"[".repeat(70)}${"]".repeat(70)}]}\u001e`) },
      /nested/,
    ],
    ["one bad of two", { messagepack: packed(), json: text("x\u001e") }, /^The record for 'json' cannot be read: /],
    ["cut MessagePack", { messagepack: packed([1]).subarray(0, -1) }, /^The record for 'messagepack' cannot be read: /],
    [
      "a length that lies",
      { messagepack: Buffer.concat([packed(), text("x")]) },
      /^The record for 'messagepack' cannot be read: /,
    ],
  ])("octet-stream with %s", async (_, body, expected) => {
    expect(await refusal(encode(body), octets)).toMatch(expected);
  });
});

describe("nothing that is sent is answered 5xx", () => {
  const methods = fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH");
  const templates = routeTable.flatMap((route) =>
    Object.keys(route.served).flatMap((family) =>
      route.paths.map((path) => (family === "dated" ? `/api${path}` : `/api/${family}${path}`)),
    ),
  );
  const anything = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ unit: "binary", minLength: 1 }),
    fc.constantFrom("u1", "g1", "obs", "%", "..", ":send"),
  );
  const path = fc
    .tuple(fc.constantFrom(...templates), fc.array(anything, { minLength: 3, maxLength: 3 }))
    .map(([template, values]) => {
      let at = 0;
      return template.replace(/\{\w+\}/g, (name) =>
        name === "{hub}" ? "obs" : encodeURIComponent(values[at++ % 3]!.toWellFormed()),
      );
    });
  const query = fc
    .dictionary(
      fc.constantFrom(
        "api-version",
        "application",
        "excluded",
        "ttl",
        "reason",
        "filter",
        "top",
        "maxpagesize",
        "continuationToken",
        "completed",
        "userId",
        "minutesToExpire",
        "error",
      ),
      fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom("2024-12-01", "true", "userId eq 'u1'")),
    )
    .map((pairs) => new URLSearchParams(pairs).toString());
  const type = fc.constantFrom(
    "application/json",
    "application/x-msgpack",
    octets,
    "text/plain",
    "application/json; charset=utf-16le",
  );
  const leaf = fc.oneof(
    fc.json().map((value) => JSON.parse(value) as unknown),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  );
  const body = fc.oneof(
    fc.json().map((value) => Buffer.from(value)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.array(leaf).map((args) => Buffer.from(JSON.stringify({ target: "m", arguments: args }))),
    fc.array(leaf).map((args) => Buffer.from(encode({ target: "m", arguments: args }))),
    fc
      .tuple(fc.constantFrom("json", "messagepack", "x"), fc.oneof(fc.uint8Array(), fc.constantFrom(frame(), packed())))
      .map(([name, bytes]) => Buffer.from(encode({ [name]: bytes }))),
    fc
      .array(
        fc.record({ type: fc.constantFrom("SendMessage", "JoinGroup", "LeaveGroup", 1), group: fc.string(), message: leaf }),
      )
      .map((commands) => Buffer.from(JSON.stringify(commands))),
    fc
      .array(fc.record({ to: fc.oneof(leaf, fc.constantFrom("all", { users: ["u1"] })), target: fc.string(), filter: leaf }))
      .map((list) => Buffer.from(JSON.stringify(list))),
  );

  it("whatever path, query, type and body", async () => {
    rest.options = { ...rest.options, invokeTimeout: 20 };
    await fc.assert(
      fc.asyncProperty(methods, path, query, type, body, async (method, target, search, contentType, bytes) => {
        // Closing routes would take the clients away that the test watches.
        fc.pre(!target.includes("closeConnections") && !bytes.includes("CloseConnection"));
        const hasBody = method !== "GET" && method !== "HEAD";
        const url = `http://127.0.0.1${target}?${search}`;
        const headers = {
          Host: "127.0.0.1",
          Authorization: `Bearer ${rest.token(new URL(url).pathname)}`,
          "Content-Type": contentType,
        };
        const response = await rest.door.fetch(
          new Request(url, { method, headers, ...(hasBody && { body: bytes as BodyInit }) }),
        );
        expect(response.status).toBeLessThan(500);
      }),
      { numRuns: 3_000 },
    );
  });
});
