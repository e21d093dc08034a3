import { expect, it } from "vitest";
import { bodyOf, bytes, httpInput, startApp } from "../../test/test-app.ts";

it("a v3 chat: page, negotiate, $return, timer", async () => {
  const app = await startApp({ fixture: "v3-chat" });
  expect(app.loaded).toMatchObject({ model: "v3", problems: [] });
  expect(app.loaded.functions.map(({ name }) => name)).toEqual(["broadcast", "index", "messages", "negotiate"]);

  const page = await app.request("index");
  expect(page?.headers).toEqual({ "Content-Type": "text/html" });
  expect(bodyOf(page)).toContain("<title>v3 chat</title>");

  const connectionInfo = { url: "http://localhost:8888/client/?hub=chat", accessToken: "t" };
  const negotiated = await app.invoke("negotiate", { req: httpInput({ method: "POST" }), connectionInfo });
  expect(bodyOf(negotiated.outputs.res?.http)).toEqual(connectionInfo);

  const sent = await app.invoke("messages", {
    req: httpInput({
      method: "POST",
      nullableHeaders: { "x-user": { value: "ann" }, "content-type": { value: "application/json" } },
      body: bytes('{"text":"hi"}'),
    }),
  });
  expect(JSON.parse(sent.returnValue?.json ?? "")).toEqual({
    target: "newMessage",
    arguments: [{ sender: "ann", text: "hi" }],
  });

  const tick = async () => (await app.invoke("broadcast", { myTimer: { IsPastDue: true } })).outputs.signalRMessages?.json;
  expect([await tick(), await tick()]).toEqual(['[{"target":"tick","arguments":[1]}]', '[{"target":"tick","arguments":[2]}]']);
  expect(app.logs.filter(({ message }) => message === "late")).toHaveLength(2);
});

it("a v4 app written in TypeScript, as its compiler left it", async () => {
  const app = await startApp({ fixture: "v4-typescript", library: "azure-functions-v4" });
  expect(app.loaded).toMatchObject({ model: "v4", problems: [] });
  expect(app.loaded.functions.map(({ name }) => name)).toEqual(["negotiate", "say"]);
  const said = await app.invoke("say", { invocation: { ConnectionId: "c" } }, { metadata: { text: "hi" } });
  expect(said.returnValue).toEqual({ string: "thanks" });
  expect(said.outputs.messages?.json).toBe('{"target":"said","arguments":["c","hi"]}');
});

it("a v4 app that was not built says so", async () => {
  const app = await startApp({
    fixture: "v4-typescript",
    library: "azure-functions-v4",
    files: { "package.json": { main: "dist/src/{index.js,functions/*.js}" } },
  });
  expect(app.loaded.functions).toEqual([]);
  expect(app.loaded.problems).toMatchObject([{ message: expect.stringContaining("Does the app need a build?") }]);
});

it("a v4 app of ES modules with top-level await", async () => {
  const app = await startApp({ fixture: "v4-modules", library: "azure-functions-v4" });
  expect(app.loaded).toMatchObject({ model: "v4", problems: [] });
  const answer = await app.request("greet", { url: "http://h/api/greet?name=Ann", nullableQuery: { name: { value: "Ann" } } });
  expect(bodyOf(answer)).toBe("Hello Ann");
  const logged = app.logs.filter(({ functionName }) => functionName === "greet");
  expect(logged.map(({ category, level, message }) => [category, level, message])).toContainEqual([
    "console",
    "information",
    "greeting",
  ]);
  expect(logged.map(({ category, level, message }) => [category, level, message])).toContainEqual(["user", "debug", "in en"]);
});
