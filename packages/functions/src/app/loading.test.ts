import { describe, expect, it } from "vitest";
import { bodyOf, type Files, httpBindings, startApp, v3Function, writeApp } from "../../test/test-app.ts";

const answer = (text: string) => `module.exports = async (context) => { context.res = { body: ${JSON.stringify(text)} }; };`;
const good = v3Function("good", httpBindings, answer("good"));
const registers = (name: string) => `require("@azure/functions").app.get("${name}", () => ({ body: "${name}" }));`;

const usesX = "const { x } = require('../lib/x'); module.exports = async (context) => { context.res = { body: x }; };";
const under = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]));

/** reference functions-host §1.1. */
describe("finding an app", () => {
  it.each<{ main: string; files: Files; expected: string[] }>([
    { main: "index.js", files: { "index.js": registers("a") }, expected: ["a"] },
    {
      main: "./src/functions/*.js",
      files: { "src/functions/b.js": registers("b"), "src/functions/a.js": registers("a") },
      expected: ["a", "b"],
    },
    {
      main: "src/{index.js,functions/*.js}",
      files: { "src/functions/a.js": registers("a"), "src/index.js": registers("z") },
      expected: ["z", "a"],
    },
    { main: "dist/**/*.js", files: { "dist/deep/er/a.js": registers("a") }, expected: ["a"] },
    { main: "lib", files: { "lib/a.js": registers("a"), "lib/text.txt": "no script" }, expected: ["a"] },
  ])("loads what main ($main) matches", async ({ main, files, expected }) => {
    const app = await startApp({ library: "azure-functions-v4", files: { "package.json": { main }, ...files } });
    expect(app.loaded).toMatchObject({ problems: [], model: "v4" });
    expect(app.loaded.functions.map(({ name }) => name)).toEqual(expected);
  });

  it("imports ES modules by extension and by package type, and requires the rest", async () => {
    const module = (name: string) =>
      `import { app } from "@azure/functions"; app.get("${name}", () => ({ body: import.meta.url }));`;
    const app = await startApp({
      library: "azure-functions-v4",
      files: {
        "package.json": { main: "src/*", type: "module" },
        "src/a.mjs": module("a"),
        "src/b.js": module("b"),
        "src/c.cjs": registers("c"),
      },
    });
    expect(app.loaded.problems).toEqual([]);
    expect(app.loaded.functions.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(bodyOf(await app.request("b"))).toMatch(/src\/b\.js$/);
  });

  it("ignores function.json files when code registers functions", async () => {
    const app = await startApp({
      library: "azure-functions-v4",
      files: { "package.json": { main: "index.js" }, "index.js": registers("a"), ...good },
    });
    expect(app.loaded.functions.map(({ name }) => name)).toEqual(["a"]);
  });

  it("needs no package.json, and names a broken one", async () => {
    expect((await startApp({ files: good })).loaded).toMatchObject({ functions: [{ name: "good" }], problems: [] });
    const broken = await startApp({ files: { "package.json": "{", ...good } });
    expect(broken.loaded.problems[0]?.message).toContain("package.json is no valid JSON");
  });

  it("without a package.json is CommonJS, whatever the folder above says", async () => {
    const above = await writeApp({
      files: {
        "package.json": { type: "module" },
        "app/lib/x.js": "exports.x = 'x';",
        ...under("app", v3Function("f", httpBindings, usesX)),
      },
    });
    const app = await startApp({}, { root: `${above}/app` });
    expect(app.loaded.problems).toEqual([]);
    expect(bodyOf(await app.request("f"))).toBe("x");
  });

  it("finds nothing in an empty folder", async () => {
    expect((await startApp({})).loaded).toMatchObject({ functions: [], problems: [], model: "v3" });
  });

  it("rejects a folder that is not there", async () => {
    await expect(startApp({}, { root: "/nowhere/at/all" })).rejects.toThrow("/nowhere/at/all");
  });

  it("takes the stated script, the only one, run.js, index.js", async () => {
    const only = "module.exports = async () => __filename;";
    const bindings = [{ type: "customTrigger", direction: "in", name: "t" }];
    const json = (more: object = {}) => ({ bindings, ...more });
    const app = await startApp({
      files: {
        "stated/function.json": json({ scriptFile: "../dist/x/index.js" }),
        "dist/x/index.js": only,
        "only/function.json": json(),
        "only/whatever.js": only,
        "run/function.json": json(),
        "run/run.js": only,
        "run/other.js": "",
        "index/function.json": json(),
        "index/index.js": only,
        "index/other.js": "",
        "cjs/function.json": json(),
        "cjs/index.cjs": only,
        "cjs/other.js": "",
      },
    });
    expect(app.loaded.problems).toEqual([]);
    const file = async (name: string) => (await app.invoke(name, { t: 1 })).returnValue?.string?.slice(app.root.length);
    expect(await file("stated")).toBe("/dist/x/index.js");
    expect(await file("only")).toBe("/only/whatever.js");
    expect(await file("run")).toBe("/run/run.js");
    expect(await file("index")).toBe("/index/index.js");
    expect(await file("cjs")).toBe("/cjs/index.cjs");
  });

  it("takes the export itself, the named one, the only one, run, index; `this` is the exports", async () => {
    const trigger = [{ type: "customTrigger", direction: "in", name: "t" }];
    const app = await startApp({
      files: {
        ...v3Function("itself", trigger, "module.exports = async () => 'itself';"),
        ...v3Function(
          "named",
          trigger,
          "exports.a = async () => 'a'; exports.b = async function () { return 'b' + Object.keys(this); };",
          { entryPoint: "b" },
        ),
        ...v3Function("single", trigger, "exports.anything = async () => 'single';"),
        ...v3Function("run", trigger, "exports.run = async () => 'run'; exports.index = async () => 'index';"),
        ...v3Function("index", trigger, "exports.other = 1; exports.index = async () => 'index';"),
        "esm/function.json": { bindings: trigger, scriptFile: "index.mjs" },
        "esm/index.mjs": "export default async () => 'default';",
      },
    });
    expect(app.loaded.problems).toEqual([]);
    const result = async (name: string) => (await app.invoke(name, { t: 1 })).returnValue?.string;
    expect(await result("itself")).toBe("itself");
    expect(await result("named")).toBe("ba,b");
    expect(await result("single")).toBe("single");
    expect(await result("run")).toBe("run");
    expect(await result("index")).toBe("index");
    expect(await result("esm")).toBe("default");
  });

  it("keeps disabled, retry and every member of a binding; reads comments and a byte order mark", async () => {
    const app = await startApp({
      files: {
        "f/function.json": `\uFEFF{ // a comment
          "disabled": "OFF",
          "retry": { "strategy": "exponentialBackoff", "maxRetryCount": -1, "minimumInterval": "00:00:05", "maximumInterval": "00:15:00" },
          "bindings": [{ "type": "TimerTrigger", "direction": "IN", "name": "t", "schedule": "%S%", "extra": { "a": [1] } },],
        }`,
        "f/index.js": answer("x"),
      },
    });
    expect(app.loaded.problems).toEqual([]);
    expect(app.loaded.functions[0]).toMatchObject({
      disabled: "OFF",
      retry: { strategy: "exponentialBackoff", maxRetryCount: -1, minimumInterval: 5000, maximumInterval: 900_000 },
      bindings: [{ type: "TimerTrigger", direction: "in", name: "t", schedule: "%S%", extra: { a: [1] } }],
    });
  });

  it("gives the process the environment and the folder it is told", async () => {
    const script =
      "module.exports = async (c) => { c.res = { body: [process.cwd(), process.env.SETTING, process.env.HOME ?? null] }; };";
    const app = await startApp({ files: v3Function("f", httpBindings, script) }, { environment: { SETTING: "on" } });
    expect(bodyOf(await app.request("f"))).toEqual([app.root, "on", null]);
  });
});

const timer = { type: "timerTrigger", direction: "in", name: "t" };
const named = (name: string, text: string, script: string, more: { bindings?: object[]; [member: string]: unknown } = {}) => {
  const { bindings = httpBindings, ...members } = more;
  return { name, text, files: v3Function(name, bindings, script, members) };
};

const badFunctions: readonly { name: string; text: string; files: Files }[] = [
  named("syntax-error", "SyntaxError", "module.exports = async ( => {};"),
  named("missing-module", "Cannot find module 'not-there'", "require('not-there');"),
  named("throws-at-load", "Error: at load", "throw new Error('at load');"),
  named("throws-a-text", "plain", "throw 'plain';"),
  named("no-handler", "Unable to determine function entry point", "exports.a = 1; exports.b = 2;"),
  named("handler-no-function", "not a function", "exports.a = 1;"),
  named("missing-export", "entry point: go", "exports.a = 1;", { entryPoint: "go" }),
  named("process-exit", "process.exit) with code 3", "process.exit(3);"),
  { name: "no-json", text: "function.json is no valid JSON", files: { "no-json/function.json": "{", "no-json/index.js": "" } },
  {
    name: "no-bindings",
    text: "bindings must be a list",
    files: { "no-bindings/function.json": {}, "no-bindings/index.js": "" },
  },
  named("empty-bindings", "bindings must not be empty", "", { bindings: [] }),
  named("binding-without-type", "bindings.0.type must be a text", "", { bindings: [{ name: "x" }] }),
  named("binding-direction", "bindings.0.direction must be in, out or inout", "", {
    bindings: [{ ...timer, direction: "up" }],
  }),
  named("no-trigger", "No binding is a trigger", "", { bindings: [{ type: "http", direction: "out", name: "res" }] }),
  named("two-triggers", "Several bindings are triggers (httpTrigger, timerTrigger)", "", {
    bindings: [...httpBindings, timer],
  }),
  named("one-name-twice", 'Two bindings have the name "t"', "", {
    bindings: [timer, { type: "queue", direction: "out", name: "t" }],
  }),
  named("bad-retry", 'retry.delayInterval "soon" is no time span', "", {
    retry: { strategy: "fixedDelay", maxRetryCount: 1, delayInterval: "soon" },
  }),
  named("missing-script", "does not exist. Does the app need a build?", "", { scriptFile: "../dist/bad.js" }),
  {
    name: "no-script",
    text: "The script cannot be determined",
    files: { "no-script/function.json": { bindings: httpBindings } },
  },
  named("compiled", "compiled .NET function", "", { configurationSource: "attributes" }),
  named("1-bad-name", "no valid function name", ""),
  named("host", "no valid function name", ""),
  named("Taken", "", "module.exports = async () => {};"),
  named("taken", 'is taken by "Taken"', "module.exports = async () => {};"),
];

describe("bad v3 functions", () => {
  it("are problems with their names, and the others run", async () => {
    const app = await startApp({ files: Object.assign({}, good, ...badFunctions.map(({ files }) => files)) });
    for (const { name, text } of badFunctions.filter((bad) => bad.text !== "")) {
      const problems = app.loaded.problems.filter(({ functionName }) => functionName === name);
      expect
        .soft(problems, name)
        .toMatchObject([{ file: expect.stringContaining(name), message: expect.stringContaining(text) }]);
    }
    expect(app.loaded.problems).toHaveLength(badFunctions.length - 1);
    expect(app.loaded.functions.map(({ name }) => name)).toEqual(["Taken", "good"]);
    expect(bodyOf(await app.request("good"))).toBe("good");
  });

  it("that load without end are one too", async () => {
    const app = await startApp(
      { files: { ...good, ...v3Function("bad", httpBindings, "for (;;);") } },
      { loadTimeoutMs: 6_000 },
    );
    expect(app.loaded.problems).toMatchObject([
      { functionName: "bad", message: expect.stringContaining("did not finish loading within 6 s") },
    ]);
    expect(bodyOf(await app.request("good"))).toBe("good");
  });

  it.each([
    ["index.js", "the file does not exist"],
    ["dist/*.js", "found zero files matching the pattern"],
  ])("do not come from a main (%s) that leads nowhere, which is a problem of its own", async (main, text) => {
    const app = await startApp({ files: { "package.json": { main }, ...good } });
    expect(app.loaded.problems).toMatchObject([{ file: `${app.root}/package.json`, message: expect.stringContaining(text) }]);
    expect(bodyOf(await app.request("good"))).toBe("good");
  });
});

describe("bad files of a v4 app", () => {
  it("are problems with their names, and the others run", async () => {
    const bad: Readonly<Record<string, readonly [code: string, text: string]>> = {
      "2.js": ["const = 1;", "SyntaxError"],
      "3.js": ["require('not-there');", "Cannot find module 'not-there'"],
      "4.js": ["throw new Error('at load');", "at load"],
      "5.js": ["process.exit(0);", "process.exit) with code 0"],
      "6.js": [registers("good"), '"good" has already been registered'],
      "7.js": [registers("GOOD"), 'is taken by "good"'],
      "8.js": [registers("not good"), "no valid function name"],
    };
    const files = Object.fromEntries(Object.entries(bad).map(([file, [code]]) => [`src/${file}`, code]));
    const app = await startApp({
      library: "azure-functions-v4",
      files: { "package.json": { main: "src/*.js" }, "src/1.js": registers("good"), ...files, "src/9.js": registers("other") },
    });
    for (const [file, [, text]] of Object.entries(bad)) {
      const problems = app.loaded.problems.filter((problem) => problem.file === `${app.root}/src/${file}`);
      expect.soft(problems, file).toMatchObject([{ message: expect.stringContaining(text) }]);
    }
    expect(app.loaded.functions.map(({ name }) => name)).toEqual(["good", "other"]);
    expect(bodyOf(await app.request("other"))).toBe("other");
  });

  it("a failing appStart hook is one, too", async () => {
    const hook = "require('@azure/functions').app.hook.appStart(() => { throw new Error('not today'); });";
    const app = await startApp({
      library: "azure-functions-v4",
      files: { "package.json": { main: "index.js" }, "index.js": registers("good") + hook },
    });
    expect(app.loaded.problems).toMatchObject([{ message: expect.stringContaining("not today") }]);
    expect(bodyOf(await app.request("good"))).toBe("good");
  });
});
