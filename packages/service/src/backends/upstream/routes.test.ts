import { expect, it } from "vitest";
import { Routes } from "./routes.ts";
import { UpstreamUrlError } from "./template.ts";

const templates = [
  { hubPattern: "Chat", urlTemplate: "http://host/chat/{event}?code=key" },
  { categoryPattern: "connections", urlTemplate: "http://host/{hub}/{event}" },
];
const message = { hub: "Chat", category: "messages", event: "hello" } as const;

it("a route is found once and then known, the same for the same event", () => {
  const routes = new Routes();
  const route = routes.find(templates, message)!;
  expect([route.template, route.url.href]).toEqual([templates[0], "http://host/chat/hello?code=key"]);
  expect(route.shownUrl).toBe("http://host/chat/hello?code=***");
  expect(routes.find(templates, { ...message })).toBe(route);
});

it("names that differ go their own ways, in letter case too", () => {
  const routes = new Routes();
  const find = (name: object) => routes.find(templates, { ...message, ...name })?.url.href;
  for (let i = 0; i < 2; i += 1) {
    expect(find({ hub: "chat" })).toBeUndefined();
    expect(find({ hub: "chat", category: "connections" })).toBe("http://host/chat/hello");
    expect(find({ event: "a/b" })).toBe("http://host/chat/a%2Fb?code=key");
    expect(find({ event: "x".repeat(1_000) })).toBe(`http://host/chat/${"x".repeat(1_000)}?code=key`);
  }
});

it("other templates are other routes, at once", () => {
  const routes = new Routes();
  routes.find(templates, message);
  expect(routes.find([{ urlTemplate: "http://other/{event}" }], message)!.url.href).toBe("http://other/hello");
  expect(routes.find([], message)).toBeUndefined();
});

it("a name that leads out of the template's path is refused each time", () => {
  const routes = new Routes();
  for (let i = 0; i < 2; i += 1) {
    expect(() => routes.find([{ urlTemplate: "http://host/a/{event}" }], { ...message, event: ".." })).toThrow(
      UpstreamUrlError,
    );
  }
});

it("more names than are remembered are found all the same", () => {
  const routes = new Routes();
  for (const i of [...Array(2_500).keys(), ...Array(2_500).keys()]) {
    expect(routes.find(templates, { ...message, event: `${i}` })!.url.pathname).toBe(`/chat/${i}`);
  }
});
