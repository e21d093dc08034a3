import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandUrl, findTemplate, type UpstreamEventName, type UpstreamTemplate, UpstreamUrlError } from "./template.ts";

const message: UpstreamEventName = { hub: "chat", category: "messages", event: "broadcast" };

function takes(patterns: Omit<UpstreamTemplate, "urlTemplate">, name: Partial<UpstreamEventName> = {}): boolean {
  return findTemplate([{ ...patterns, urlTemplate: "http://host/" }], { ...message, ...name }) !== undefined;
}

describe("patterns", () => {
  it("match everything when absent", () => {
    expect(takes({})).toBe(true);
  });

  it.each([
    ["*", true],
    ["broadcast", true],
    ["other, broadcast", true],
    ["  broadcast  ", true],
    ["other,*", true],
    ["Broadcast", false],
    ["broad*", false],
    ["other", false],
    ["", false],
    [" ", false],
    [",", false],
    [null, false],
  ])("event pattern %j takes 'broadcast': %s", (eventPattern, expected) => {
    expect(takes({ eventPattern })).toBe(expected);
  });

  it("must match all three", () => {
    expect(takes({ hubPattern: "chat", categoryPattern: "messages", eventPattern: "broadcast" })).toBe(true);
    expect(takes({ hubPattern: "other", categoryPattern: "messages", eventPattern: "broadcast" })).toBe(false);
    expect(takes({ hubPattern: "chat", categoryPattern: "connections", eventPattern: "broadcast" })).toBe(false);
  });

  it("compare the hub as the client spelled it", () => {
    expect(takes({ hubPattern: "Chat" }, { hub: "Chat" })).toBe(true);
    expect(takes({ hubPattern: "Chat" }, { hub: "chat" })).toBe(false);
  });

  it("are tried in order: the first that matches counts", () => {
    const templates = [
      { urlTemplate: "http://first/", eventPattern: "connected" },
      { urlTemplate: "http://second/" },
      { urlTemplate: "http://third/" },
    ];
    expect(findTemplate(templates, message)).toBe(templates[1]);
    expect(findTemplate(templates, { ...message, event: "connected" })).toBe(templates[0]);
    expect(findTemplate([], message)).toBeUndefined();
  });

  it("take exactly the names of their list", () => {
    const names = fc.string().filter((text) => !/[,*]/.test(text) && text.trim() === text && text !== "");
    fc.assert(
      fc.property(fc.array(names), names, (list, event) => {
        const eventPattern = list.join(" , ");
        expect(takes({ eventPattern }, { event })).toBe(list.includes(event));
        expect(takes({ eventPattern: [...list, event].join(",") }, { event })).toBe(true);
      }),
    );
  });
});

describe("a URL template", () => {
  it("fills in hub, category and event wherever they stand", () => {
    expect(expandUrl("http://host/{hub}/{category}/{event}?e={event}&code=abc", message).href).toBe(
      "http://host/chat/messages/broadcast?e=broadcast&code=abc",
    );
  });

  it.each([
    ["a b", "a%20b"],
    ["a/b\\c", "a%2Fb%5Cc"],
    ["a?b#c&d", "a%3Fb%23c%26d"],
    ["{hub}", "%7Bhub%7D"],
    ["a'b(c)!*~-._", "a%27b%28c%29%21%2A~-._"],
    ["ü€😀", "%C3%BC%E2%82%AC%F0%9F%98%80"],
    ["a\r\nb", "a%0D%0Ab"],
    ["100%", "100%25"],
    ["$&", "%24%26"],
    ["\ud800", "%EF%BF%BD"],
  ])("escapes the event %j as .NET does: %s", (event, escaped) => {
    expect(expandUrl("http://host/{event}/x?y={event}", { ...message, event }).href).toBe(
      `http://host/${escaped}/x?y=${escaped}`,
    );
  });

  it("leaves other braces alone", () => {
    expect(expandUrl("http://host/{EVENT}/{x}", message).pathname).toBe("/%7BEVENT%7D/%7Bx%7D");
  });

  it.each(["/api/{event}", "host/api", "localhost:7071/api", "ftp://host/", "http://", "{event}", ""])(
    "that makes no absolute http or https URL is an error: %j",
    (urlTemplate) => {
      expect(() => expandUrl(urlTemplate, message)).toThrow(UpstreamUrlError);
    },
  );

  it.each(["http://host/a/{event}", "http://host/{event}/b?x=1", "http://host/a/.{event}", "http://host/a/{event}#f"])(
    "lets no client climb out of its path: %s",
    (urlTemplate) => {
      const event = urlTemplate.includes(".{event}") ? "." : "..";
      expect(() => expandUrl(urlTemplate, { ...message, event })).toThrow("would leave the path");
    },
  );

  it("errors, which are logged, hold no key of the template", () => {
    for (const path of ["a/{event}", "{event}:x"]) {
      const template = `http://user:secret1@${path === "a/{event}" ? "host/" : ""}${path}?code=secret2`;
      const attempt = () => expandUrl(template, { ...message, event: ".." });
      expect(attempt).toThrow(UpstreamUrlError);
      expect(attempt).not.toThrow(/secret/);
    }
  });

  it("takes dots elsewhere", () => {
    expect(expandUrl("http://host/a/x{event}?{event}", { ...message, event: ".." }).href).toBe("http://host/a/x..?..");
    expect(expandUrl("http://host/a/../b/{event}", { ...message, event: "..." }).pathname).toBe("/b/...");
  });

  it("keeps host, path depth and the whole name, whatever the name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (event) => {
        fc.pre(event !== "." && event !== "..");
        const url = expandUrl("http://host:81/a/{event}/b?e={event}&k=1", { ...message, event });
        expect(url.host).toBe("host:81");
        const [, first, segment, last] = url.pathname.split("/");
        expect([first, decodeURIComponent(segment!), last]).toEqual(["a", event.toWellFormed(), "b"]);
        expect(decodeURIComponent(url.search)).toBe(`?e=${event.toWellFormed()}&k=1`);
        expect(url.hash).toBe("");
      }),
    );
  });
});
