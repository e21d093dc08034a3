import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectInNode } from "./support/node-client.ts";
import { manifest, publishedPackages, root } from "./support/repository.ts";
import { Rest } from "./support/rest.ts";
import { startService } from "./support/service.ts";
import { combinations } from "./support/test-client.ts";
import { clientToken, clientUrl } from "./support/token.ts";

const run = promisify(execFile);
const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}${delimiter}${process.env.PATH}` };
const names = publishedPackages.flatMap((folder) => {
  const { name, exports } = manifest(folder);
  return Object.keys(exports).map((entry) => name + entry.slice(1));
});

describe("publint", () => {
  it.each(publishedPackages)("finds nothing to improve in %s", async (name) => {
    const { messages, pkg } = await publint({ pkgDir: join(root, "packages", name), strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });
});

describe("the packed packages, installed into an empty folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-packed-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  beforeAll(async () => {
    const workspaces = publishedPackages.flatMap((name) => ["--workspace", `packages/${name}`]);
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder, ...workspaces], { cwd: root, env });
    const packed = Object.values(JSON.parse(stdout)) as { readonly filename: string }[];
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    // Function apps bring it: `@signalbox/functions/serverless-hub` stands on theirs.
    const functions = `@azure/functions@${manifest("functions").devDependencies!["@azure/functions"]}`;
    await run("npm", ["install", functions, ...packed.map(({ filename }) => `./${filename}`)], { cwd: folder, env });
  });

  it("signalbox start serves a client and a REST caller, and ends with 0", async () => {
    await using service = await startService({
      program: [join(folder, "node_modules/.bin/signalbox")],
      env: { PATH: env.PATH },
    });
    const client = await connectInNode({
      ...combinations[0]!,
      url: clientUrl(service, "packed"),
      accessToken: clientToken(service, "packed", { nameid: "ann" }),
    });
    await new Rest(service, "packed").send("/users/ann", "message", "unpacked");
    await expect.poll(() => client.messages()).toEqual([["unpacked"]]);
    await client.stop();
    const page = await (await fetch(service.adminUrl)).text();
    const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)?.[1];
    expect((await fetch(`${service.adminUrl}/${script}`)).headers.get("content-type")).toContain("text/javascript");
    expect(await service.stop()).toBe(0);
  });

  it("each can be imported", async () => {
    const program = names.map((name) => `await import("${name}");`).join("\n");
    await run(join(root, "node_modules/.bin/node"), ["--input-type=module", "--eval", program], { cwd: folder });
  });

  it("the client entry of the hub brings no server into a browser", async () => {
    const entry = 'import { typedConnection } from "@signalbox/hub/client"; console.log(typedConnection);';
    writeFileSync(join(folder, "page.js"), entry);
    const built = await build({
      root: folder,
      configFile: false,
      logLevel: "silent",
      build: { write: false, rollupOptions: { input: join(folder, "page.js") } },
    });
    const { output } = built as { readonly output: readonly { readonly moduleIds: string[]; readonly code: string }[] };
    const modules = output.flatMap(({ moduleIds }) => moduleIds).filter((id) => id.includes("node_modules"));
    expect(modules).toEqual([expect.stringContaining("@signalbox/hub/dist/client/typed-connection.js")]);
  });

  it("each brings the types of what it exports", async () => {
    const imports = names.map(
      (name, index) => `import * as package${index} from "${name}";\nexport const keys${index}: object = package${index};`,
    );
    writeFileSync(join(folder, "consumer.ts"), imports.join("\n"));
    const options = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--skipLibCheck",
      "false",
      "--types",
      "node",
    ];
    const typeRoots = ["--typeRoots", join(root, "node_modules/@types")];
    await run(join(root, "node_modules/.bin/tsc"), [...options, ...typeRoots, "consumer.ts"], { cwd: folder }).catch(
      (error: { stdout: string }) => expect.fail(error.stdout),
    );
  });
});
