// What the emulator's own tests say of its REST API (reference hub-and-service-protocol §4.12, §5.3), line by line.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RawClient, StartedRest } from "./started-rest.suite.ts";

let rest: StartedRest;
let client: RawClient;

beforeAll(async () => {
  rest = await StartedRest.start();
  client = await rest.connect("known", "ann");
  await rest.hubs.execute("known", { do: "join", group: "g1", member: { connection: client.id } });
  await rest.hubs.execute("known", { do: "join", group: "team", member: { user: "ann" } });
});
afterAll(() => rest.stop());

describe.each([
  ["the service is healthy", "HEAD", "/api/health", 200],
  ["a connection that is there exists", "HEAD", "known/connections/{id}", 200],
  ["an unknown connection does not exist", "HEAD", "known/connections/x", 404, "Warning.Connection.NotExisted"],
  ["in an unknown hub, neither", "HEAD", "unknown/connections/{id}", 404, "Warning.Connection.NotExisted"],
  ["a group with a member exists", "HEAD", "known/groups/g1", 200],
  ["a group without members does not exist", "HEAD", "known/groups/x", 404, "Warning.Group.NotExisted"],
  ["in an unknown hub, neither", "HEAD", "unknown/groups/g1", 404, "Warning.Group.NotExisted"],
  ["a user with a connection exists", "HEAD", "known/users/ann", 200],
  ["a user without connections does not exist", "HEAD", "known/users/x", 404, "Warning.User.NotExisted"],
  ["in an unknown hub, neither", "HEAD", "unknown/users/ann", 404, "Warning.User.NotExisted"],
  ["a connection joins a group", "PUT", "known/groups/g2/connections/{id}", 200],
  ["a connection leaves a group", "DELETE", "known/groups/g2/connections/{id}", 200],
  ["an unknown connection cannot join", "PUT", "known/groups/g1/connections/x", 404, "Error.Connection.NotExisted"],
  // The emulator says 404 here; the Management SDK takes that for an error where its own tests expect none.
  ["an unknown connection leaves a group", "DELETE", "known/groups/g1/connections/x", 200],
  ["a connection leaves all groups", "DELETE", "known/connections/{id}/groups", 200],
  ["a connection in no group leaves all groups", "DELETE", "known/connections/{id}/groups", 200],
  ["an unknown connection leaves all groups", "DELETE", "unknown/connections/x/groups", 200],
  ["a user is in its group", "HEAD", "known/users/ann/groups/team", 200],
  ["a user is not in another group", "HEAD", "known/users/ann/groups/x", 404, "Info.User.NotInGroup"],
  ["in an unknown hub, neither", "HEAD", "unknown/users/ann/groups/team", 404, "Info.User.NotInGroup"],
] as const)("%s", (_, method, path, status, code: string | null = null) => {
  it(`${method} ${path} is ${status}`, async () => {
    const target = path.startsWith("/") ? path : `/api/hubs/${path.replace("{id}", client.id)}`;
    const response = await rest.call(method, target);
    expect([response.status, response.headers.get("x-ms-error-code")]).toEqual([status, code]);
  });
});

const statusOf = async (path: string) => (await rest.call("POST", `/api/hubs/${path}/:send`, { body })).status;
const body = JSON.stringify({ target: "m", arguments: [] });

describe("a hub's name", () => {
  it.each([
    ["a single letter", "a"],
    ["letters of either case", "Chat"],
    ["digits and underscores", "c_1"],
    ["backticks, commas, dots and brackets", "a`b,c.d[e]"],
    ["128 characters", "x".repeat(128)],
  ])("may have %s", async (_, name) => {
    expect(await statusOf(encodeURIComponent(name))).toBe(202);
  });

  it.each([
    ["a digit at its beginning", "1a"],
    ["an underscore at its beginning", "_a"],
    ["a hyphen", "a-b"],
    ["a blank", "a b"],
    ["a letter beyond ASCII", "müll"],
    ["129 characters", "x".repeat(129)],
  ])("may not have %s", async (_, name) => {
    expect(await statusOf(encodeURIComponent(name))).toBe(400);
  });
});

describe("a group's name", () => {
  it.each([
    ["one character", "-"],
    ["blanks between others", "a b"],
    ["slashes and letters beyond ASCII", "grün/blau"],
    ["1,024 characters", "x".repeat(1_024)],
  ])("may have %s", async (_, name) => {
    expect(await statusOf(`known/groups/${encodeURIComponent(name)}`)).toBe(202);
  });

  it.each([
    ["nothing but blanks", "  "],
    ["1,025 characters", "x".repeat(1_025)],
  ])("may not have %s", async (_, name) => {
    expect(await statusOf(`known/groups/${encodeURIComponent(name)}`)).toBe(400);
  });
});
