import { array, assert, constantFrom, integer, option, property, record, string, stringMatching } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ConnectionStringError,
  clientAudience,
  clientUrl,
  formatConnectionString,
  parseConnectionString,
} from "./connection-string.ts";

const key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

describe("parsing a connection string", () => {
  it("reads the emulator's", () => {
    expect(parseConnectionString(`Endpoint=http://localhost;Port=8888;AccessKey=${key};Version=1.0;`)).toEqual({
      endpoint: "http://localhost:8888",
      accessKey: key,
      version: "1.0",
    });
  });

  it.each([
    ["Endpoint=https://a.example/;AccessKey=k", { endpoint: "https://a.example", accessKey: "k", version: "1.0" }],
    [
      " endpoint = https://a.example ;; ACCESSKEY = k== ;Version=1.5-preview;",
      { endpoint: "https://a.example", accessKey: "k==", version: "1.5-preview" },
    ],
    [
      "AccessKey=k;whatever;Unknown=1;Endpoint=https://a.example:444",
      { endpoint: "https://a.example:444", accessKey: "k", version: "1.0" },
    ],
    [
      "Endpoint=https://a.example:444;Port=555;AccessKey=k",
      { endpoint: "https://a.example:555", accessKey: "k", version: "1.0" },
    ],
    [
      "Endpoint=https://a.example;AccessKey=k;AuthType=secret",
      { endpoint: "https://a.example", accessKey: "k", version: "1.0" },
    ],
    [
      "Endpoint=https://a.example;AccessKey=k;ClientEndpoint=https://c.example/;ServerEndpoint=http://s.example:81/p/",
      {
        endpoint: "https://a.example",
        accessKey: "k",
        version: "1.0",
        clientEndpoint: "https://c.example",
        serverEndpoint: "http://s.example:81/p",
      },
    ],
    ["Endpoint=https://a.example;AuthType=AZURE", { endpoint: "https://a.example", entra: { type: "azure" }, version: "1.0" }],
    [
      "Endpoint=https://a.example;AuthType=azure.app;ClientId=c;TenantId=t;ClientSecret=s;ClientCertPath=p",
      {
        endpoint: "https://a.example",
        entra: { type: "azure.app", clientId: "c", tenantId: "t", clientSecret: "s", clientCertificate: "p" },
        version: "1.0",
      },
    ],
  ])("reads %s", (text, expected) => {
    expect(parseConnectionString(text)).toEqual(expected);
  });

  it.each([
    ["", "The connection string has no Endpoint."],
    ["AccessKey=k", "The connection string has no Endpoint."],
    ["Endpoint=https://a.example", "The connection string has no AccessKey."],
    ["Endpoint=https://a.example;AccessKey=", "The connection string has no AccessKey."],
    ["Endpoint=a.example;AccessKey=k", 'The connection string\'s Endpoint must be an http or https URL, not "a.example".'],
    [
      "Endpoint=ws://a.example;AccessKey=k",
      'The connection string\'s Endpoint must be an http or https URL, not "ws://a.example".',
    ],
    ["Endpoint=http://;AccessKey=k", 'The connection string\'s Endpoint must be an http or https URL, not "http://".'],
    [
      "Endpoint=http://a;ClientEndpoint=b;AccessKey=k",
      'The connection string\'s ClientEndpoint must be an http or https URL, not "b".',
    ],
    ["Endpoint=http://a;Port=0;AccessKey=k", 'The connection string\'s Port must be a number from 1 to 65535, not "0".'],
    [
      "Endpoint=http://a;Port=65536;AccessKey=k",
      'The connection string\'s Port must be a number from 1 to 65535, not "65536".',
    ],
    ["Endpoint=http://a;Port=1e3;AccessKey=k", 'The connection string\'s Port must be a number from 1 to 65535, not "1e3".'],
    ["Endpoint=http://a;Version=2.0;AccessKey=k", "The connection string has Version=2.0; only versions 1.x are known."],
    ["Endpoint=http://a;AccessKey=k;accesskey=l", "The connection string has accesskey twice."],
  ])("refuses %j", (text, message) => {
    expect(() => parseConnectionString(text)).toThrow(new ConnectionStringError(message));
  });

  it("answers or throws a ConnectionStringError, whatever the text", () => {
    const part = record({ name: constantFrom("Endpoint", "AccessKey", "Port", "Version", "AuthType", ""), value: string() });
    assert(
      property(array(part), (parts) => {
        try {
          return parseConnectionString(parts.map(({ name, value }) => `${name}=${value}`).join(";")).endpoint.startsWith(
            "http",
          );
        } catch (error) {
          return error instanceof ConnectionStringError;
        }
      }),
    );
  });
});

describe("formatting a connection string", () => {
  it("is undone by parsing", () => {
    const host = stringMatching(/^[a-z][a-z0-9]{0,20}(\.[a-z]{2,5})?$/);
    const url = record({ scheme: constantFrom("http", "https"), host, port: option(integer({ min: 1, max: 65_535 })) }).map(
      ({ scheme, host, port }) => new URL(`${scheme}://${host}${port === null ? "" : `:${port}`}`).origin,
    );
    const parts = record(
      { endpoint: url, clientEndpoint: url, serverEndpoint: url, accessKey: stringMatching(/^[!-:<-~]{32,90}$/) },
      { requiredKeys: ["endpoint", "accessKey"] },
    );
    assert(
      property(parts, (parts) => {
        expect(parseConnectionString(formatConnectionString(parts))).toEqual({ ...parts, version: "1.0" });
      }),
    );
  });

  it("keeps an IPv6 address in brackets", () => {
    expect(formatConnectionString({ endpoint: "http://[::1]:8888", accessKey: "k" })).toBe(
      "Endpoint=http://[::1];Port=8888;AccessKey=k;Version=1.0;",
    );
  });
});

describe("a client's URL and audience", () => {
  it("keep and drop the port, and have the hub in lower case", () => {
    const connection = parseConnectionString(`Endpoint=http://localhost;Port=8888;AccessKey=${key};`);
    expect(clientUrl(connection, "Chat")).toBe("http://localhost:8888/client/?hub=chat");
    expect(clientAudience(connection, "Chat")).toBe("http://localhost/client/?hub=chat");
  });

  it("differ when clients go through a proxy", () => {
    const connection = parseConnectionString(
      `Endpoint=https://a.example;ClientEndpoint=https://proxy.example;AccessKey=${key}`,
    );
    expect(clientUrl(connection, "chat")).toBe("https://proxy.example/client/?hub=chat");
    expect(clientAudience(connection, "chat")).toBe("https://a.example/client/?hub=chat");
  });
});
