import { beforeAll, expect, it } from "vitest";
import {
  absent,
  begin,
  call,
  delivered,
  madeUp,
  outcome,
  send,
  startClient,
  unavailable,
  unconfirmed,
  unknown,
} from "./outside.ts";
import { apiKey, type Mode, type Stage } from "./stage.ts";

/** What the outside finds at the instances. */
export function doorsSuite(mode: Mode, stageOf: () => Stage): void {
  let stage: Stage;
  beforeAll(() => {
    stage = stageOf();
  });

  it.each([
    ["no key", {}],
    ["another key", { authorization: "Bearer another" }],
    ["a part of the key", { "x-api-key": apiKey.slice(0, -1) }],
    ["another scheme", { authorization: `Basic ${apiKey}` }],
  ])("lets nobody send with %s, and does not even tell who is there", async (_, headers) => {
    const response = await call(
      stage.instances[0]!,
      JSON.stringify({ transactionId: await begin(stage.instances[0]!), message: "x" }),
      headers,
    );
    expect(await outcome(response)).toEqual([401, { error: "The API key is missing or wrong." }]);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
  });

  it.each([
    ["", 400, "The body must be JSON."],
    ["{", 400, "The body must be JSON."],
    ["null", 400, "The body must be a JSON object."],
    ["{}", 400, "transactionId must be a text."],
    ['{"transactionId":["x"],"message":"x"}', 400, "transactionId must be a text."],
    ['{"transactionId":"x"}', 400, "message must be a text of 1 to 4096 characters."],
    ['{"transactionId":"x","message":""}', 400, "message must be a text of 1 to 4096 characters."],
    [
      JSON.stringify({ transactionId: "x", message: "x".repeat(4_097) }),
      400,
      "message must be a text of 1 to 4096 characters.",
    ],
    ["x".repeat(100_000), 413, "The body must not be larger than 16384 bytes."],
  ])("says what is wrong with a body, case %#", async (body, status, error) => {
    expect(await outcome(await call(stage.instances[0]!, body, { "x-api-key": apiKey }))).toEqual([status, { error }]);
  });

  it("answers 404 for an id that nobody was given, and for one whose browser is not there", async () => {
    for (const instance of stage.instances) {
      for (const id of ["", "x", madeUp, "' OR 1=1 --"]) expect(await outcome(await send(instance, id, "x"))).toEqual(unknown);
      expect(await outcome(await send(instance, await begin(instance), "x"))).toEqual(absent);
    }
  });

  it.each([
    ["does not know what to do with it", undefined],
    ["fails", () => Promise.reject(new Error("no"))],
    ["does not answer", () => new Promise(() => {})],
  ])("answers 504 when the browser got the message and %s", async (_, receive) => {
    const id = await begin(stage.instances[0]!);
    await startClient(stage.instances[0]!, id, receive);
    await expect.poll(() => send(stage.instances.at(-1)!, id, "x").then(outcome)).toEqual(unconfirmed);
  });

  it("answers 504 when the browser got the message and left", async () => {
    const id = await begin(stage.instances[0]!);
    const client = await startClient(stage.instances[0]!, id, () => {
      void client.stop();
      return new Promise(() => {});
    });
    expect(await outcome(await send(stage.instances.at(-1)!, id, "x"))).toEqual(unconfirmed);
  });

  if (mode === "behind the service")
    it("answers 503 while it has lost the service", async () => {
      const [held, lost] = stage.instances;
      stage.servicePath!.cut();
      const id = await begin(held!);
      await startClient(held!, id, () => true);
      await expect.poll(() => send(held!, id, "x").then(outcome)).toEqual(delivered);
      await expect.poll(() => send(lost!, id, "x").then(outcome)).toEqual(unavailable);
      stage.servicePath!.release();
      await expect.poll(() => send(lost!, id, "x").then(outcome)).toEqual(delivered);
    });

  it.each([
    ["GET", "/transactions", 405],
    ["GET", "/test", 405],
    ["GET", "/src/main.ts", 404],
    ["GET", "/messages", 401],
    ["POST", "/messages/negotiate", 401],
    ["POST", `/messages/negotiate?access_token=${madeUp}`, 401],
  ])("answers %s %s with %i", async (method, path, status) => {
    expect((await fetch(stage.instances[0] + path, { method })).status).toBe(status);
  });
}
