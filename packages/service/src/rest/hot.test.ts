import { encode } from "@msgpack/msgpack";
import type { HotReply, HotRequest } from "@signalbox/transport";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Family, pathsOf } from "./route.ts";
import { routeTable } from "./route-table.ts";
import { StartedRest } from "./started-rest.suite.ts";

let rest: StartedRest;
beforeAll(async () => {
  rest = await StartedRest.start();
});
afterAll(() => rest.stop());

interface Sample {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A request as a listener hands it over. */
function hotRequest({ target, headers }: Sample, method = "POST"): HotRequest {
  return {
    method,
    target,
    header: (name) => headers[name],
  };
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function throughHot(sample: Sample): Answered | undefined {
  const answer = rest.door.hot(hotRequest(sample));
  if (answer === undefined) return undefined;
  let reply: HotReply;
  if ("status" in answer) reply = answer;
  else reply = sample.body.length > answer.limit ? answer.tooLarge() : answer.answer(sample.body);
  const headers = Object.fromEntries(Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return { status: reply.status, headers, body: reply.body ?? "" };
}

async function throughFetch({ target, headers, body }: Sample): Promise<Answered> {
  const url = `http://127.0.0.1${target}`;
  const response = await rest.door.fetch(new Request(url, { method: "POST", headers, body: body as BodyInit }));
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

const message = Buffer.from('{"target":"m","arguments":[1]}');

function sample(target: string, changes: { headers?: Record<string, string>; body?: Uint8Array } = {}): Sample {
  const headers: Record<string, string> = {
    host: "127.0.0.1",
    authorization: `Bearer ${rest.token(target)}`,
    "content-type": "application/json",
    ...changes.headers,
  };
  for (const name of Object.keys(headers)) if (headers[name] === "") delete headers[name];
  return { target, headers, body: changes.body ?? message };
}

const hotPaths = routeTable
  .filter((route) => route.send !== undefined)
  .flatMap((route) => Object.keys(route.served).flatMap((family) => pathsOf(route, family as Family)))
  .map((path) => path.replace("{hub}", "obs").replace(/\{\w+\}/, "a%20b"));

describe("the short way of sends answers like the long one", () => {
  it.each(hotPaths)("%s", async (target) => {
    const tooLarge = Buffer.alloc(rest.options.maxBodyBytes + 1, 0x20);
    const good = sample(`${target}?excluded=a&excluded=b&application=app`);
    const samples = [
      good,
      sample(target),
      sample(target, { headers: { authorization: "" } }),
      sample(target, { headers: { authorization: "Bearer abc" } }),
      sample(target, { headers: { authorization: `Bearer ${rest.token("/api/elsewhere")}` } }),
      sample(target, { headers: { authorization: `Bearer ${rest.token(target, { exp: 1 })}` } }),
      sample(target, { headers: { authorization: `bearer   ${rest.token(target)}` } }),
      sample(target, { headers: { "content-type": "text/plain" } }),
      sample(target, { headers: { "content-type": "" } }),
      sample(target, { body: tooLarge }),
      sample(target, { body: Buffer.alloc(0) }),
      sample(target, { body: Buffer.from("{}") }),
      sample(target, { body: Buffer.from("{") }),
      sample(target, { body: Buffer.from([0xff, 0xfe]) }),
      sample(target, { headers: { "content-type": "application/x-msgpack" }, body: encode({ target: "m" }) }),
      sample(target, { headers: { "content-type": "application/octet-stream" }, body: encode({ json: message }) }),
      // Once more, now that the target is remembered with the pass of another caller.
      good,
      sample(target, { headers: { authorization: "Bearer abc" } }),
    ];
    for (const one of samples) expect(throughHot(one)).toEqual(await throughFetch(one));
  });

  it.each([
    ["/api/hubs/9x/:send", "a bad hub name"],
    [`/api/hubs/obs/groups/${"x".repeat(1025)}/:send`, "a bad group name"],
    ["/api/hubs/obs/:send?application=9x", "a bad application name"],
    ["/api/hubs/obs/:send?api-version=x", "a version that never was"],
    ["/api/v1/hubs/obs/groups/../users/x", "the URL parser would fold dots"],
    ["/api/v1/hubs/obs/groups/%2E%2e/:send", "also encoded ones"],
    ["/api/v1/hubs/obs\\users\\x", "and turn backslashes"],
    ["/api/v1/hubs/obs/users/x#y", "and cut fragments"],
    ["/api/v1/hubs/obs/users/ü", "and encode what is foreign"],
    ["http://127.0.0.1/api/v1/hubs/obs", "an absolute target"],
    ["/api/v1/hubs/obs/users/%ff", "a path that is no UTF-8"],
    ["/api/v1/hubs/obs/:closeConnections", "another route"],
    ["/api/v1/nothing", "no route"],
    ["/client/?hub=obs", "another door"],
  ])("leaves %s to it: %s", (target) => {
    expect(rest.door.hot(hotRequest(sample(target)))).toBeUndefined();
  });

  it("leaves other methods and browsers to it", () => {
    expect(rest.door.hot(hotRequest(sample("/api/v1/hubs/obs"), "GET"))).toBeUndefined();
    expect(
      rest.door.hot(hotRequest(sample("/api/v1/hubs/obs", { headers: { origin: "https://app.example" } }))),
    ).toBeUndefined();
  });

  it("whatever stands in path, query and body", async () => {
    const word = fc.oneof(
      fc.constantFrom("api", "v1", "hubs", "obs", "users", "groups", "connections", ":send", "%3Asend", "..", "%2e", ""),
      fc.string(),
    );
    const segment = word.map((text) =>
      text.replace(/[^!-~]|[/?]/g, (character) => encodeURIComponent(character.toWellFormed())),
    );
    const target = fc.tuple(
      fc.constantFrom("/api/hubs/obs/", "/api/v1/hubs/obs/users/", "/"),
      fc.array(segment, { maxLength: 4 }),
      fc.webQueryParameters(),
    );
    await fc.assert(
      fc.asyncProperty(target, fc.oneof(fc.json(), fc.string()), async ([start, segments, query], body) => {
        const one = sample(`${start}${segments.join("/")}?${query}`, { body: Buffer.from(body) });
        const hot = throughHot(one);
        if (hot !== undefined) expect(hot).toEqual(await throughFetch(one));
      }),
      { numRuns: 500 },
    );
  });
});
