import { parseConnectionString, signToken } from "@signalbox/protocol";
import { expect, it, vi } from "vitest";
import { Upstream } from "../backends/upstream/upstream-fixture.suite.ts";
import { developmentKey } from "../config/settings.ts";
import { Refused, StartedRawService } from "./started-raw-service.suite.ts";

const until = <T>(assertion: () => T | Promise<T>) => vi.waitFor(assertion, { timeout: 15_000, interval: 20 });
const hub = "advanced_chat_demo";

/** What the document has its readers paste. */
const templates = (origin: string) => JSON.stringify([{ hubPattern: hub, urlTemplate: `${origin}/api/{event}` }]);

/** A back end that calls REST as `azure-websockets` does (reference serverless-upstream §5.7): by the sample's connection string. */
function library(connectionString: string) {
  const { endpoint, accessKey } = parseConnectionString(connectionString);
  const call = async (method: string, path: string, content?: string): Promise<number> => {
    const target = `/ws/api/v1/hubs/${hub}/${path}`;
    const aud = `http://localhost${target}`;
    const token = signToken({ aud, exp: Math.floor(Date.now() / 1000) + 3600 }, { key: accessKey! });
    const headers = { "Content-Type": "text/plain", Authorization: `Bearer ${token}` };
    const response = await fetch(endpoint + target, { method, headers, ...(content === undefined ? {} : { body: content }) });
    await response.arrayBuffer();
    return response.status;
  };
  return {
    broadcast: (content: string) => call("POST", "", content),
    sendToUser: (user: string, content: string) => call("POST", `users/${encodeURIComponent(user)}`, content),
    sendToGroup: (group: string, content: string) => call("POST", `groups/${encodeURIComponent(group)}`, content),
    addToGroup: (group: string, user: string) => call("PUT", `groups/${group}/users/${encodeURIComponent(user)}`),
    exists: (path: string) => call("HEAD", path),
    closeConnection: (id: string, reason: string) => call("DELETE", `connections/${id}?reason=${reason}`),
  };
}

/** The acceptance list of reference serverless-upstream §5.8, point by point, as the sample's app and page act. */
it("the sample of May 2020 finds all it needs", async () => {
  let service: StartedRawService;
  const upstream = await Upstream.start(async (request, response) => {
    const event = request.header("x-asrs-event");
    if (event === "disconnect") return void response.end();
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    if (event === "message") return void response.end('{"type":"log","text":"Message sent"}');
    // 3: the name comes with the query.
    const name = new URLSearchParams(request.header("x-asrs-client-query")).get("name");
    if (name === null) return void response.writeHead(401).end('{"type":"error","text":"name is required"}');
    // 5: others hear of the new one, who is not there yet.
    await back().broadcast(`${name} comes`);
    response.setHeader("x-asrs-user-id", name);
    response.setHeader("Sec-WebSocket-Protocol", request.header("sec-websocket-protocol")!.split(",")[0]!.trim());
    response.end(JSON.stringify({ type: "connected", user: name }));
  });
  service = await StartedRawService.start(templates(upstream.origin));
  // 7: the connection string of the sample's local settings, with this test's port.
  const back = () => library(`Endpoint=http://localhost;Port=${service.port};AccessKey=${developmentKey};Version=1.0`);
  const connect = (name: string) =>
    service.connect(`/ws/client/hubs/${hub}/?name=${encodeURIComponent(name)}`, ["protocol1", "protocol2"]);

  // 2: anonymous, a slash before the query, the first of two subprotocols.
  const ann = await connect("User abc");
  expect(ann.socket.protocol).toBe("protocol1");
  // 4: both answers, as texts.
  await until(() => expect(ann.texts).toEqual(['{"type":"connected","user":"User abc"}']));
  ann.send('{"text":"hello"}');
  await until(() => expect(ann.texts.at(-1)).toBe('{"type":"log","text":"Message sent"}'));
  const bob = await connect("bob");
  await until(() => expect(ann.texts.at(-1)).toBe("bob comes"));
  await until(() => expect(bob.texts).toEqual(['{"type":"connected","user":"bob"}']));

  // 1 and 3: where the events went, and who was named in them.
  const [first, message] = upstream.requests;
  expect([first!.url, message!.url]).toEqual(["/api/connect", "/api/message"]);
  expect(first!.header("x-asrs-user-id")).toBeUndefined();
  expect(message!.header("x-asrs-user-id")).toBe("User abc");
  const refused = await service.connect(`/ws/client/hubs/${hub}/`, ["protocol1"]).catch((error) => error);
  expect(refused).toBeInstanceOf(Refused);
  expect([refused.status, refused.body]).toEqual([401, '{"type":"error","text":"name is required"}']);

  // 6: trailing slash, codes, groups of users over their connections.
  const { broadcast, addToGroup, sendToGroup, sendToUser, exists, closeConnection } = back();
  expect(await broadcast("to all")).toBe(202);
  expect(await addToGroup("red", "User abc")).toBe(202);
  const again = await connect("User abc");
  expect(await sendToGroup("red", "to the red")).toBe(202);
  for (const client of [ann, again]) await until(() => expect(client.texts.at(-1)).toBe("to the red"));
  expect(await sendToUser("bob", "to bob")).toBe(202);
  await until(() => expect(bob.texts.slice(-2)).toEqual(["User abc comes", "to bob"]));
  const id = first!.header("x-asrs-connection-id")!;
  for (const path of [`connections/${id}`, "users/User%20abc", "groups/red", "groups/red/users/User%20abc"]) {
    expect([path, await exists(path)]).toEqual([path, 200]);
  }
  for (const path of ["connections/none", "users/nobody", "groups/blue", "groups/red/users/bob"]) {
    expect([path, await exists(path)]).toEqual([path, 404]);
  }
  expect(await closeConnection(id, "enough")).toBe(202);
  expect(await ann.closed).toEqual({ code: 1000, text: "enough" });
  await until(() => expect(upstream.requests.map(({ url }) => url)).toContain("/api/disconnect"));
});
