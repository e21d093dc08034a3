import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anything, assert, dictionary, json, property, string } from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadSettings, type SettingsSources } from "./load.ts";
import { SettingsError } from "./settings-error.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-settings-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Loads with `settings.json` holding this. */
function load(file: unknown, sources: SettingsSources = {}) {
  if (file !== undefined) writeFileSync(join(folder, "settings.json"), typeof file === "string" ? file : JSON.stringify(file));
  return loadSettings({ folder, ...sources });
}

function problemsOf(file: unknown, sources?: SettingsSources): readonly string[] {
  try {
    load(file, sources);
  } catch (error) {
    if (error instanceof SettingsError)
      return error.problems.map((problem) => problem.replaceAll(join(folder, "settings.json"), "FILE"));
    throw error;
  }
  return [];
}

const ownKey = "an-access-key-of-more-than-32-characters";

describe("sources", () => {
  it("win in the order default, file, environment, flag", () => {
    const file = { port: 2000 };
    const environment = { SIGNALBOX_PORT: "3000" };
    expect(load(undefined).settings.port).toBe(8888);
    expect(load(file).settings.port).toBe(2000);
    expect(load(file, { environment }).settings.port).toBe(3000);
    expect(load(file, { environment, flags: { port: "4000" } }).settings.port).toBe(4000);
  });

  it("are remembered for each setting", () => {
    const { origins } = load({ port: 2000, clients: { clientTimeout: 20 } }, { environment: { SIGNALBOX_PORT: "3000" } });
    expect(origins.get("port")).toBe("SIGNALBOX_PORT");
    expect(origins.get("clients.clientTimeout")).toMatch(/^clients\.clientTimeout in .*settings\.json$/);
  });

  it("replace lists whole", () => {
    const { settings } = load(
      { cors: { origins: ["http://a.example"] } },
      { flags: { "cors.origins": "http://b.example,http://c.example" } },
    );
    expect(settings.cors.origins).toEqual(["http://b.example", "http://c.example"]);
  });
});

describe("the settings file", () => {
  it("need not exist where nobody asked for it", () => {
    expect(load(undefined)).toMatchObject({ text: undefined, file: join(folder, "settings.json") });
  });

  it("is given as a file, a folder, or by SIGNALBOX_CONFIG", () => {
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "sub/settings.json"), '{"port":1}');
    writeFileSync(join(folder, "other.json"), '{"port":2}');
    expect(load(undefined, { config: "sub" }).settings.port).toBe(1);
    expect(load(undefined, { config: join(folder, "other.json") }).settings.port).toBe(2);
    expect(load(undefined, { environment: { SIGNALBOX_CONFIG: "other.json" } }).settings.port).toBe(2);
    expect(load(undefined, { config: "sub", environment: { SIGNALBOX_CONFIG: "other.json" } }).settings.port).toBe(1);
  });

  it("is missed where it was asked for", () => {
    expect(problemsOf(undefined, { config: "nowhere" })).toEqual([
      `There is no settings file ${join(folder, "nowhere")}, nor a settings.json in a folder of that name.`,
    ]);
  });

  it("may have comments, trailing commas, a byte order mark and any letter case", () => {
    const { settings } = load('\uFEFF// mine\n{ "PORT": 7, /* and */ "Clients": { "keepaliveinterval": "2s", }, }');
    expect(settings).toMatchObject({ port: 7, clients: { keepAliveInterval: 2_000 } });
  });

  it("takes settings in its own spelling, the emulator's, Azure's and the short one", () => {
    const template = {
      hubPattern: "chat",
      eventPattern: "connected, disconnected",
      categoryPattern: "*",
      urlTemplate: "http://host/{hub}/{event}",
    };
    const pascal = { HubPattern: "chat", EventPattern: "connected, disconnected", UrlTemplate: "http://host/{hub}/{event}" };
    for (const file of [
      { upstream: { templates: [template] } },
      { Upstream: { Templates: [pascal] } },
      { UpstreamSettings: { Templates: [pascal] } },
      { upstreamsettings: { templates: [pascal] } },
      { templates: [template] },
      { properties: { upstream: { templates: [{ ...template, auth: { type: "None" } }] } } },
    ]) {
      expect(load(file).settings.upstream.templates).toEqual([template]);
    }
  });

  it("takes the timers of Azure's resource, in seconds", () => {
    const { settings } = load({
      properties: { serverless: { connectionTimeoutInSeconds: 60, keepAliveIntervalInSeconds: 20 } },
    });
    expect(settings.clients).toMatchObject({ clientTimeout: 60_000, keepAliveInterval: 20_000 });
  });

  it("may mix the emulator's section with settings of its own", () => {
    const { settings } = load({ UpstreamSettings: { Templates: [{ UrlTemplate: "http://host/" }] }, upstream: { timeout: 5 } });
    expect(settings.upstream).toMatchObject({ timeout: 5_000, templates: [{ urlTemplate: "http://host/", hubPattern: "*" }] });
  });

  it("warns of sections that belong to .NET and passes over $schema", () => {
    const { warnings } = load({ $schema: "./schema.json", Logging: { LogLevel: {} }, AllowedHosts: "*" });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^Logging in .* is not used by Signalbox\.$/);
  });

  it.each([
    [
      { clients: { keepAliveIntervall: 5 } },
      "clients.keepAliveIntervall in FILE is no setting; did you mean clients.keepAliveInterval?",
    ],
    [{ quux: 5 }, "quux in FILE is no setting."],
    [{ properties: { sku: {} } }, "properties.sku in FILE is no setting."],
    [{ clients: 5 }, "clients in FILE must be an object."],
    [{ clients: [] }, "clients in FILE must be an object."],
    [[], "The settings file FILE must hold a JSON object."],
    ["null", "The settings file FILE must hold a JSON object."],
    [{ port: 1, PORT: 2 }, "PORT in FILE repeats port: only one of them can hold."],
    [
      { templates: [], upstream: { templates: [] } },
      "upstream.templates in FILE repeats templates: only one of them can hold.",
    ],
    [{ port: 70_000 }, "port in FILE must be a whole number from 0 to 65535, not 70000."],
    [
      { clients: { clientTimeout: "3m" } },
      'clients.clientTimeout in FILE must be a time from 1s to 2m or 0, in seconds or with a unit such as 500ms, 15s, 2m, not "3m".',
    ],
    [
      { upstream: { templates: [{ urlTemplate: "/api/{event}" }] } },
      "upstream.templates in FILE: [0].urlTemplate must be an absolute http or https URL; {hub}, {category} and {event} are filled in.",
    ],
    [{ templates: [{}] }, "templates in FILE: [0].urlTemplate is missing."],
    [{ templates: [{ urlTemplate: "http://h", eventPatern: "*" }] }, "templates in FILE: [0] has the unknown key eventPatern."],
    [
      { templates: [{ urlTemplate: "http://h?code={@Microsoft.KeyVault(SecretUri=x)}" }] },
      "templates in FILE: [0].urlTemplate names a Key Vault secret, which only Azure can resolve: write the value itself.",
    ],
    [
      { templates: [{ urlTemplate: "http://h", auth: { type: "ManagedIdentity" } }] },
      "templates in FILE: [0].auth.type must be None: managed identities exist only inside Azure.",
    ],
  ])("is refused when it holds %j", (file, problem) => {
    expect(problemsOf(file)).toEqual([problem]);
  });

  it("is refused with the parser's sentence when it is no JSON", () => {
    expect(problemsOf('{"port": }')).toEqual([expect.stringMatching(/^The settings file FILE is no valid JSON: .+$/)]);
  });

  it("is refused when it cannot be read", () => {
    mkdirSync(join(folder, "settings.json"));
    expect(problemsOf(undefined)).toEqual([expect.stringMatching(/^The settings file FILE cannot be read: /)]);
  });

  it("has all its problems named at once", () => {
    expect(problemsOf({ prt: 1, ip: "nowhere" }, { flags: { adminPort: "x" } })).toEqual([
      "prt in FILE is no setting; did you mean port?",
      'ip in FILE must be an IPv4 or IPv6 address, not "nowhere".',
      '--admin-port must be a whole number from 0 to 65535, not "x".',
    ]);
  });

  it("never causes anything but settings or a SettingsError", () => {
    const outcome = (text: string) => {
      try {
        return load(text).settings !== undefined;
      } catch (error) {
        return error instanceof SettingsError && error.problems.length > 0;
      }
    };
    assert(property(string(), outcome));
    assert(property(json(), outcome));
    assert(property(dictionary(string(), anything()), (value) => outcome(JSON.stringify(value))));
    expect(outcome('{"__proto__": {"port": 5}}')).toBe(true);
    expect(outcome('{"upstream": {"constructor": 5, "templates": [{"__proto__": 1}]}}')).toBe(true);
    expect(outcome(`{"upstream":${"[".repeat(5_000)}`)).toBe(true);
  });
});

describe("the environment", () => {
  const environment = (values: Record<string, string>) => load(undefined, { environment: values });

  it("gives values of every kind as text", () => {
    const { settings } = environment({
      SIGNALBOX_PORT: "0",
      SIGNALBOX_CLIENTS_KEEP_ALIVE_INTERVAL: "10",
      SIGNALBOX_IN_MEMORY: "TRUE",
      SIGNALBOX_UPSTREAM_RETRIES_MESSAGES: "1",
      SIGNALBOX_REST_MAX_BODY_BYTES: "2MiB",
      SIGNALBOX_CORS_ORIGINS: "https://a.example, https://b.example",
      SIGNALBOX_UPSTREAM_TEMPLATES: '[{"urlTemplate":"http://host/{event}","hubPattern":"a,b"}]',
    });
    expect(settings).toMatchObject({
      port: 0,
      adminPort: 0,
      clients: { keepAliveInterval: 10_000 },
      inMemory: true,
      rest: { maxBodyBytes: 2_097_152 },
      cors: { origins: ["https://a.example", "https://b.example"] },
      upstream: { retries: { messages: true }, templates: [{ urlTemplate: "http://host/{event}", hubPattern: "a,b" }] },
    });
  });

  it("gives a template that takes everything as a bare URL", () => {
    expect(environment({ SIGNALBOX_UPSTREAM_TEMPLATES: "http://localhost:7071/x" }).settings.upstream.templates).toEqual([
      { hubPattern: "*", eventPattern: "*", categoryPattern: "*", urlTemplate: "http://localhost:7071/x" },
    ]);
  });

  it("counts an empty variable as absent", () => {
    expect(environment({ SIGNALBOX_PORT: " ", SIGNALBOX_CONFIG: "" }).settings.port).toBe(8888);
  });

  it("is warned of for unknown names", () => {
    expect(environment({ SIGNALBOX_PROT: "1" }).warnings).toEqual([
      "The environment variable SIGNALBOX_PROT is unknown and ignored; did you mean SIGNALBOX_PORT?",
    ]);
  });

  it("may hold what Kubernetes sets for a Service named signalbox, and what the command line reads itself", () => {
    const loaded = environment({
      SIGNALBOX_PORT: "tcp://10.0.0.7:8888",
      SIGNALBOX_SERVICE_HOST: "10.0.0.7",
      SIGNALBOX_SERVICE_PORT: "8888",
      SIGNALBOX_SERVICE_PORT_HTTP: "8888",
      SIGNALBOX_PORT_8888_TCP: "tcp://10.0.0.7:8888",
      SIGNALBOX_PORT_8888_TCP_ADDR: "10.0.0.7",
      SIGNALBOX_RUNTIME: "bun",
      SIGNALBOX_CONNECTION_STRING: "Endpoint=http://x;AccessKey=y",
    });
    expect(loaded.warnings).toEqual([]);
    expect(loaded.settings.port).toBe(8888);
  });

  it("is named in errors", () => {
    expect(problemsOf(undefined, { environment: { SIGNALBOX_PORT: "eighty" } })).toEqual([
      'SIGNALBOX_PORT must be a whole number from 0 to 65535, not "eighty".',
    ]);
  });
});

describe("settings that belong together", () => {
  const wildcard = { ip: "0.0.0.0" };

  it.each(["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1"])("refuse the development key on %s", (ip) => {
    expect(problemsOf({ ip })).toEqual([
      `Everybody knows the development key, so it is not used on ${ip}: set accessKeys.primary (SIGNALBOX_ACCESS_KEYS_PRIMARY) to a key of your own, or allow it with --allow-development-key.`,
    ]);
  });

  it.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost"])("take the development key on %s", (ip) => {
    expect(problemsOf({ ip })).toEqual([]);
  });

  it("take any address with a key of one's own, or when told to", () => {
    expect(problemsOf({ ...wildcard, accessKeys: { primary: ownKey } })).toEqual([]);
    expect(problemsOf(wildcard, { flags: { allowDevelopmentKey: true } })).toEqual([]);
  });

  it("refuse the development key as the secondary one too", () => {
    const keys = { primary: ownKey, secondary: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH" };
    expect(problemsOf({ ...wildcard, accessKeys: keys })).toHaveLength(1);
  });

  it("never show a secret that is wrong", () => {
    expect(problemsOf({ accessKeys: { primary: "hunter2" } })).toEqual([
      "accessKeys.primary in FILE must be at least 32 characters without a semicolon and without spaces around.",
    ]);
  });

  it.each([
    [{ tls: { cert: "a.pem" } }, "tls.key is missing: TLS needs tls.cert and tls.key."],
    [{ tls: { key: "a.pem" } }, "tls.cert is missing: TLS needs tls.cert and tls.key."],
    [{ accessKeys: { primary: ownKey, secondary: ownKey } }, "accessKeys.primary and accessKeys.secondary must differ."],
    [
      { upstream: { retries: { baseDelay: "2m", maxDelay: "1m" } } },
      "upstream.retries.baseDelay must not be longer than upstream.retries.maxDelay.",
    ],
    [{ port: 9000, adminPort: 9000 }, "port and adminPort must differ."],
    [
      { adminIp: "0.0.0.0" },
      "Whoever reaches the admin port can change where events go, so it is not opened on 0.0.0.0 without a token: set adminToken (SIGNALBOX_ADMIN_TOKEN) to at least 32 characters.",
    ],
  ])("are refused when they contradict each other: %j", (file, problem) => {
    expect(problemsOf(file)).toEqual([problem]);
  });

  it("take any address for the admin port with a token, which is never shown, and loopback without", () => {
    expect(problemsOf({ adminIp: "0.0.0.0", adminToken: ownKey })).toEqual([]);
    expect(problemsOf({ adminIp: "127.0.0.1" })).toEqual([]);
    expect(problemsOf({ adminToken: "too short" })).toEqual([
      "adminToken in FILE must be at least 32 visible ASCII characters without spaces.",
    ]);
    expect(problemsOf({ adminHosts: ["http://host:1"] })).toHaveLength(1);
  });

  it("put the admin port beside the port", () => {
    expect(load({ port: 9000 }).settings.adminPort).toBe(9001);
    expect(load({ port: 65_535 }).settings.adminPort).toBe(65_534);
    expect(load({ port: 0 }).settings.adminPort).toBe(0);
    expect(load({ port: 9000, adminPort: 5 }).settings.adminPort).toBe(5);
  });
});
