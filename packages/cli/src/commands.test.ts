import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signalbox } from "./signalbox.suite.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (args: string, env: Record<string, string> = {}) => signalbox(args.split(" "), { cwd: folder, env });

/** A sentence on standard error, exit code 1, nothing else. */
const failure = (sentence: string | RegExp) => ({
  code: 1,
  out: "",
  err: typeof sentence === "string" ? `signalbox: ${sentence}\n` : expect.stringMatching(sentence),
});

const key = "an-access-key-of-more-than-32-characters";
const payloadOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());

describe("signalbox", () => {
  it("says its version and what it can do", async () => {
    expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    for (const name of ["start", "upstream", "listen", "send", "token", "config", "health"])
      expect(out).toMatch(new RegExp(`^  ${name}`, "m"));
  });

  it("suggests the command and the option that was meant", async () => {
    expect(await run("listn")).toEqual(failure(/unknown command 'listn'\n\(Did you mean listen\?\)/));
    expect(await run("start --prot 1")).toEqual(failure(/unknown option '--prot'\n\(Did you mean --port\?\)/));
  });
});

describe("signalbox start, where it cannot start, says why in a sentence and ends with 1:", () => {
  it("a bad port or address", async () => {
    expect(await run("start --port 70000")).toEqual(failure("--port must be a whole number from 0 to 65535, not 70000."));
    expect(await run("start -p http")).toEqual(failure('--port must be a whole number from 0 to 65535, not "http".'));
    expect(await run("start -i nowhere")).toEqual(failure('--ip must be an IPv4 or IPv6 address, not "nowhere".'));
  });

  it("an address that is not this machine's", async () => {
    expect(await run(`start -p 0 -i 192.0.2.1 --in-memory --access-keys-primary ${key}`)).toEqual(
      failure(/^signalbox: [^\n]*192\.0\.2\.1[^\n]*\n$/),
    );
  });

  it("a port in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    expect(await run(`start -p ${port} --admin-port 0 --in-memory`)).toEqual(
      failure(new RegExp(`^signalbox: [^\\n]*${port}[^\\n]*in use[^\\n]*--port[^\\n]*\\n$`)),
    );
    other.close();
  });

  it("a key that is too short, without repeating it", async () => {
    expect(await run("start", { SIGNALBOX_ACCESS_KEYS_PRIMARY: "hunter2" })).toEqual(
      failure("SIGNALBOX_ACCESS_KEYS_PRIMARY must be at least 32 characters without a semicolon and without spaces around."),
    );
  });

  it("the development key on an address others can reach", async () => {
    expect(await run("start --ip 0.0.0.0")).toEqual(failure(/^signalbox: Everybody knows the development key.*\n$/));
  });

  it("settings that cannot be read", async () => {
    expect(await run("start -c nowhere")).toEqual(
      failure(`There is no settings file ${join(folder, "nowhere")}, nor a settings.json in a folder of that name.`),
    );
    writeFileSync(join(folder, "settings.json"), "{");
    expect(await run("start")).toEqual(failure(/^signalbox: The settings file .*settings\.json is no valid JSON: .*\n$/));
    writeFileSync(join(folder, "settings.json"), '{"clients":{"keepAlive":5,"maxLifetime":"1y"}}');
    expect(await run("start")).toEqual(failure(/^(signalbox: clients\.\w+ in .*settings\.json .*\n){2}$/));
  });

  it("a certificate that cannot be read", async () => {
    expect(await run("start -p 0 --in-memory --tls-cert a.pem --tls-key b.pem")).toEqual(
      failure(/^signalbox: tls\.cert cannot be read: .*a\.pem'\.\n$/),
    );
  });

  it("a data file that cannot be made", async () => {
    writeFileSync(join(folder, "file"), "");
    expect(await run("start -p 0 --data file/signalbox.db")).toEqual(failure(/^signalbox: [^\n]*file\/signalbox\.db[^\n]*\n$/));
  });

  it("a runtime that does not exist", async () => {
    expect(await run("start --runtime deno")).toEqual(failure(/'deno' is invalid\. Allowed choices are node, bun\./));
    expect(await run("start", { SIGNALBOX_RUNTIME: "deno" })).toEqual(
      failure(/'deno' from env 'SIGNALBOX_RUNTIME' is invalid/),
    );
  });
});

describe("signalbox upstream", () => {
  const settings = () => JSON.parse(readFileSync(join(folder, "settings.json"), "utf8"));
  const template = {
    UrlTemplate: "http://localhost:7071/runtime/webhooks/signalr",
    EventPattern: "*",
    HubPattern: "*",
    CategoryPattern: "*",
  };

  it("init writes the emulator's default, which list prints in the emulator's form", async () => {
    expect(await run("upstream init")).toEqual({ code: 0, out: `Wrote ${join(folder, "settings.json")}\n`, err: "" });
    expect(settings()).toEqual({ UpstreamSettings: { Templates: [template] } });
    expect(await run("upstream list")).toEqual({
      code: 0,
      out: `Upstream, from UpstreamSettings.Templates in ${join(folder, "settings.json")}:\n\t[0] http://localhost:7071/runtime/webhooks/signalr(event:'*',hub:'*',category:'*')\n`,
      err: "",
    });
  });

  it("init makes the folder, and does not replace a file unasked", async () => {
    expect((await run("upstream init -o deep/down")).code).toBe(0);
    expect((await run("upstream list -c deep/down")).out).toContain("[0]");
    writeFileSync(join(folder, "settings.json"), "{}");
    expect(await run("upstream init")).toEqual(
      failure(`${join(folder, "settings.json")} exists already: --force replaces it.`),
    );
    expect(settings()).toEqual({});
    expect((await run("upstream init --force")).code).toBe(0);
    expect(settings()).toHaveProperty("UpstreamSettings");
  });

  it("init says what stands in the way", async () => {
    writeFileSync(join(folder, "file"), "");
    expect(await run("upstream init -o file/sub")).toEqual(failure(/^signalbox: .*settings\.json cannot be written: .*\n$/));
  });

  it("list points to init where there is nothing", async () => {
    expect((await run("upstream list")).out).toContain("`signalbox upstream init`");
  });
});

describe("signalbox token", () => {
  it("prints what an app's negotiate answers", async () => {
    const { out } = await run("token --hub Chat --user ann --claim role=a --claim role=b --claim dept=x=y --expires 5m");
    const { url, accessToken } = JSON.parse(out);
    expect(url).toBe("http://localhost:8888/client/?hub=chat");
    const payload = payloadOf(accessToken);
    expect(payload).toMatchObject({ aud: "http://localhost/client/?hub=chat", nameid: "ann", role: ["a", "b"], dept: "x=y" });
    expect(payload.exp - payload.nbf).toBe(300);
  });

  it("takes the settings found here, unless a connection string is given", async () => {
    writeFileSync(join(folder, "settings.json"), JSON.stringify({ port: 9000, accessKeys: { primary: key } }));
    expect(JSON.parse((await run("token")).out).url).toBe("http://localhost:9000/client/?hub=chat");
    const connectionString = `Endpoint=https://rt.example;AccessKey=${key};`;
    expect(JSON.parse((await run("token", { SIGNALBOX_CONNECTION_STRING: connectionString })).out).url).toBe(
      "https://rt.example/client/?hub=chat",
    );
    const given = await run(`token --connection-string ${connectionString}`, { SIGNALBOX_CONNECTION_STRING: "nonsense" });
    expect(JSON.parse(given.out).url).toBe("https://rt.example/client/?hub=chat");
  });

  it("prints a token for a REST call, without the query in its audience", async () => {
    const { url, accessToken } = JSON.parse((await run("token --rest /api/hubs/chat/:send?api-version=2022-06-01")).out);
    expect(url).toBe("http://localhost:8888/api/hubs/chat/:send?api-version=2022-06-01");
    expect(payloadOf(accessToken).aud).toBe("http://localhost:8888/api/hubs/chat/:send");
  });

  it("says what is wrong with what it was given", async () => {
    expect(await run("token --connection-string Endpoint=x")).toEqual(failure("The connection string has no AccessKey."));
    expect(await run("token --connection-string Endpoint=http://x;AuthType=azure")).toEqual(
      failure(/^signalbox: .*Entra.*\n$/),
    );
    expect(await run("token --claim role")).toEqual(failure(/'role' is invalid\. It must be name=value\./));
    expect(await run("token --expires soon")).toEqual(failure(/'soon' is invalid\. It must be a time/));
    expect(await run("token", { SIGNALBOX_PORT: "0" })).toEqual(failure(/^signalbox: .*--connection-string\.\n$/));
  });
});

describe("signalbox config", () => {
  it("check prints what is in force and from where, secrets hidden", async () => {
    writeFileSync(
      join(folder, "settings.json"),
      JSON.stringify({ accessKeys: { primary: key }, clients: { clientTimeout: "1m" } }),
    );
    const { code, out, err } = await run("config check", { SIGNALBOX_LOG_LEVEL: "debug", SIGNALBOX_PROT: "1" });
    const file = join(folder, "settings.json");
    expect(code).toBe(0);
    expect(out).toBe(
      `Read ${file}.\naccessKeys.primary = ***  (accessKeys.primary in ${file})\nclients.clientTimeout = 1m  (clients.clientTimeout in ${file})\nlog.level = "debug"  (SIGNALBOX_LOG_LEVEL)\nThe settings are valid.\n`,
    );
    expect(err).toContain("SIGNALBOX_PROT is unknown and ignored; did you mean SIGNALBOX_PORT?");
  });

  it("check ends with 1 and names every problem", async () => {
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "sub/settings.json"), '{"prt":1,"port":"x"}');
    expect(await run("config check -c sub")).toEqual(
      failure(/^signalbox: prt in .*; did you mean port\?\nsignalbox: port in .* not "x"\.\n$/),
    );
  });

  it("doc prints the page of settings", async () => {
    const page = readFileSync(fileURLToPath(new URL("../../../docs/settings.md", import.meta.url)), "utf8");
    // `signalbox config doc > docs/settings.md` brings the page up to date.
    expect((await run("config doc")).out).toBe(page);
  });

  it("doc prints a JSON Schema for editors", async () => {
    const schema = JSON.parse((await run("config doc --json-schema")).out);
    expect(schema.properties.clients.properties.keepAliveInterval).toMatchObject({
      type: ["number", "string"],
      default: "15s",
    });
    expect(schema.properties.accessKeys.properties.primary).toMatchObject({ writeOnly: true });
    expect(schema.properties.upstream.properties.templates.items.required).toEqual(["urlTemplate"]);
  });
});

describe("without a service", () => {
  // Port 9 is the discard service's, which nobody runs.
  const nobody = `--connection-string Endpoint=http://127.0.0.1;Port=9;AccessKey=${key}`;

  it.each(["send hello", "health", "listen"])("signalbox %s says that nothing answers", async (command) => {
    expect(await run(`${command} ${nobody}`)).toEqual(
      failure(/^signalbox: .*http:\/\/127\.0\.0\.1:9.*is the service running\?.*\n$/),
    );
  });

  it("signalbox send takes one receiver only", async () => {
    expect(await run("send hello --user a --group b")).toEqual(
      failure("Only one of --user, --group and --connection can be given."),
    );
  });
});
