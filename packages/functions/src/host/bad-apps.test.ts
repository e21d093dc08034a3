import { describe, expect, it } from "vitest";
import { httpBindings, v3Function } from "../../test/test-app.ts";
import { createApp, startHost } from "./started-host.suite.ts";

// Each test starts a process or several.

const named = (name: string, script: string, bindings: readonly object[] = httpBindings) => v3Function(name, bindings, script);
const route = (path: string) => [{ ...httpBindings[0], route: path }, httpBindings[1]!];
const fine = "module.exports = async (context) => { context.res = { body: 'fine' }; };";

/** What `/admin/host/status` and the list of `signalbox dev` say of an app whose functions have every fault that loading can find. */
describe("A bad app", () => {
  const v3 = {
    ...named("good", fine),
    ...named("syntax", "module.exports = async ( => {};"),
    ...named("missingModule", "require('not-there');"),
    ...named("throws", "throw new Error('thrown at load');"),
    ...named("exits", "process.exit(3);"),
    "badJson/function.json": "{ nonsense",
    "badJson/index.js": fine,
    ...named("first", fine, route("same/{id}")),
    ...named("second", fine, route("SAME/{id}")),
    ...named("noSetting", fine, [
      ...httpBindings,
      { type: "signalRConnectionInfo", direction: "in", name: "i", hubName: "%HUB%" },
    ]),
    ...named("noConnection", fine, [...httpBindings, { type: "signalR", direction: "out", name: "o", hubName: "h" }]),
    ...named("noStorage", fine, [
      ...httpBindings,
      { type: "blob", direction: "out", name: "b", path: "c/x", connection: "MyStorage" },
    ]),
  };
  const v3Problems: Readonly<Record<string, RegExp>> = {
    syntax: /SyntaxError/,
    missingModule: /Cannot find module 'not-there'/,
    throws: /thrown at load/,
    exits: /ends the app's process\. .*process\.exit\) with code 3/,
    badJson: /function\.json is no valid JSON/,
    second: /conflicts with the route defined by function 'first'/,
    noSetting: /'%HUB%' does not resolve to a value/,
    noConnection: /the setting "AzureSignalRConnectionString" is missing or empty/,
    noStorage: /needs the setting "MyStorage", which is missing or empty/,
  };

  it("of model v3 has each fault named, in the status and in what the host reports, and runs the rest", async () => {
    const { call, host } = await startHost(createApp({ "package.json": {}, ...v3 }));
    const { state, errors } = (await (await call("/admin/host/status")).json()) as { state: string; errors: string[] };
    expect(state).toBe("Running");
    for (const [name, message] of Object.entries(v3Problems)) {
      expect
        .soft(
          errors.filter((error) => error.startsWith(`${name}: `)),
          name,
        )
        .toEqual([expect.stringMatching(message)]);
      const told = host.loaded.problems.filter(({ functionName }) => functionName === name);
      expect.soft(told, name).toEqual([expect.objectContaining({ message: expect.stringMatching(message) })]);
    }
    expect(errors).toHaveLength(Object.keys(v3Problems).length);
    expect(await (await call("/api/good")).text()).toBe("fine");
    expect(await (await call("/api/same/1")).text()).toBe("fine");
  });

  it("of model v4 has each fault named, with its file, and runs the rest", async () => {
    const head = `const { app, output } = require("@azure/functions");`;
    const get = (name: string, more = "") => `${head} app.http("${name}", { ${more} handler: () => ({ body: "fine" }) });`;
    const faults: Readonly<Record<string, readonly [code: string, message: RegExp]>> = {
      "src/2.js": ["const = 1;", /SyntaxError/],
      "src/3.js": ["require('not-there');", /Cannot find module 'not-there'/],
      "src/4.js": ["throw new Error('thrown at load');", /thrown at load/],
      "src/5.js": ["process.exit(3);", /process\.exit\) with code 3/],
      "src/6.js": [get("second", 'route: "SAME/{id}",'), /second: .*conflicts with the route defined by function 'first'/],
      "src/7.js": [
        get("noConnection", 'extraOutputs: [output.generic({ type: "signalR", hubName: "h" })],'),
        /noConnection: .*"AzureSignalRConnectionString" is missing or empty/,
      ],
    };
    const files = Object.fromEntries(Object.entries(faults).map(([file, [code]]) => [file, code]));
    const app = { "src/1.js": get("good") + get("first", 'route: "same/{id}",').slice(head.length), ...files };
    const { call } = await startHost(createApp(app));
    const { errors } = (await (await call("/admin/host/status")).json()) as { errors: string[] };
    for (const [file, [, message]] of Object.entries(faults))
      expect
        .soft(
          errors.filter((error) => message.test(error)),
          file,
        )
        .toHaveLength(1);
    expect(errors).toHaveLength(Object.keys(faults).length);
    expect(await (await call("/api/good")).text()).toBe("fine");
    expect(await (await call("/api/same/1")).text()).toBe("fine");
  });

  it("is told of by what its developer wrote, without the lines of Node and of this host", async () => {
    const { host } = await startHost(
      createApp({ "src/1.js": "require('./lib/a.js');", "src/lib/a.js": "\n\nrequire('left-pad');" }),
    );
    const [{ message } = { message: "" }] = host.loaded.problems;
    expect(message).toMatch(/Cannot find module 'left-pad': does the app need `npm install`\?/);
    expect(message).toMatch(/- .*lib.a\.js$/m);
    expect(message).not.toMatch(/node:internal|app\/worker/);
  });

  it("without any function says how an app has some", async () => {
    const { lines } = await startHost(createApp({ "package.json": {}, "hello/index.js": fine }));
    expect(lines()).toContainEqual(expect.stringMatching(/^There is no function in this app: .*main.*function\.json/));
  });

  it("whose every file is bad is in the state Error, and answers", async () => {
    const { call } = await startHost(createApp({ "src/1.js": "const = 1;" }));
    expect(await (await call("/admin/host/status")).json()).toMatchObject({
      state: "Error",
      errors: [expect.stringContaining("SyntaxError")],
    });
    expect((await call("/api/anything")).status).toBe(404);
  });

  it("that ends its process or never returns costs the one call, is named in the log, and goes on", async () => {
    const { call, lines } = await startHost(
      createApp({
        "package.json": {},
        "host.json": { version: "2.0", functionTimeout: "00:00:02" },
        ...named("good", fine),
        ...named("exits", "module.exports = async () => process.exit(4);"),
        ...named("loops", "module.exports = async () => { for (;;); };"),
        ...named("forgets", "module.exports = () => {};"),
        ...named("escapes", "module.exports = () => { setTimeout(() => { throw new Error('later'); }); };"),
      }),
    );
    for (const [name, message] of [
      ["exits", /ended its process \(process\.exit\) with code 4 in the function "exits"/],
      ["escapes", /Nobody caught an error in the function "escapes": .*later/s],
      ["loops", /The function "loops" took longer than 2000 ms/],
      ["forgets", /The function "forgets" took longer than 2000 ms/],
    ] as const) {
      expect.soft((await call(`/api/${name}`)).status, name).toBe(500);
      expect.soft(lines().join("\n"), name).toMatch(message);
      await expect.poll(async () => (await call("/api/good")).text()).toBe("fine");
    }
  });
});
