import { expect, it } from "vitest";
import { clientRoute } from "./client-route.ts";

it.each([
  ["/client", "connect"],
  ["/client/", "connect"],
  ["/CLIENT/", "connect"],
  ["/%63lient/", "connect"],
  ["/client/negotiate", "negotiate"],
  ["/client/negotiate/", "negotiate"],
  ["/CLIENT/Negotiate", "negotiate"],
  ["/client/x", "nowhere"],
  ["/client/refresh", "nowhere"],
  ["/client/negotiate/x", "nowhere"],
  ["/client//", "nowhere"],
  ["/client/%zz", "nowhere"],
  ["/client/%00", "nowhere"],
  ["//client/negotiate", undefined],
  ["/client%2Fnegotiate", undefined],
  ["/clients", undefined],
  ["/server/", undefined],
  ["/", undefined],
])("%s leads to %s", (path, route) => {
  expect(clientRoute(path)).toBe(route);
});
