import { isUtf8 } from "node:buffer";
import { headerText, rawPayload } from "@signalbox/protocol";
import type { Payload, Refusal } from "@signalbox/transport";
import { refusal } from "../../http/refusal.ts";
import { groupNamePattern } from "../../hub/group-name.ts";
import type { RawClient } from "../../hub/hub-connection.ts";
import type { Welcome } from "../backend.ts";
import { firstOf } from "./headers.ts";
import type { UpstreamReply } from "./upstream-client.ts";

/** A client is turned away although the upstream let it in. */
export interface FaultyWelcome extends Refusal {
  /** What is wrong with the upstream's answer. */
  readonly fault: string;
}

/** What the service says itself; what upstreams say beyond a refusal is not for clients. */
const texts: Readonly<Record<number, string>> = {
  500: "The service failed.",
  502: "The upstream gave no usable answer.",
  504: "The upstream did not answer in time.",
};

export function refused(status: 500 | 502 | 504): Refusal {
  return { refuse: refusal(status, texts[status]!) };
}

const nobody: Welcome = { userId: undefined, groups: [], subprotocol: undefined, first: undefined };

/**
 * What the answer to `connect` means for the client (reference serverless-upstream §5.3): a 2xx lets it in, a 4xx goes to it as it is,
 * anything else is no decision.
 * @param reply undefined: no upstream takes the event. Then only those are let in for whom a token speaks
 * @param offered subprotocols of the client
 */
export function connectAnswer(
  client: RawClient,
  reply: UpstreamReply | undefined,
  offered: readonly string[],
): Welcome | Refusal | FaultyWelcome {
  if (reply === undefined) return client.isAnonymous ? { refuse: unauthorized(client.hubName) } : nobody;
  const { status, failure } = reply;
  if (status === undefined) return refused(failure?.kind === "time-out" ? 504 : 502);
  if (status >= 400 && status <= 499) return { refuse: passedOn(status, reply) };
  return status >= 200 && status <= 299 ? welcome(reply, offered) : refused(502);
}

function welcome({ headers, body, failure, ...reply }: UpstreamReply, offered: readonly string[]): Welcome | FaultyWelcome {
  if (failure !== undefined) return faulty(failure.text);
  const selected = headers["sec-websocket-protocol"]?.trim() || undefined;
  // A client that offers none could not even be told.
  const subprotocol = offered.length === 0 ? undefined : selected;
  if (subprotocol !== undefined && !offered.includes(subprotocol)) {
    return faulty(`The upstream selected the subprotocol '${subprotocol}', which the client does not offer`);
  }
  const groups = listOf(headers["x-asrs-connection-group"]);
  const unfit = groups.find((group) => !groupNamePattern.test(group));
  if (unfit !== undefined) return faulty("The upstream named a group of more than 1024 characters");
  return {
    userId: headerText(firstOf(headers["x-asrs-user-id"])).trim() || undefined,
    groups,
    subprotocol,
    first: body.byteLength === 0 ? undefined : contentPayload({ headers, body, ...reply }),
  };
}

function faulty(fault: string): FaultyWelcome {
  return { ...refused(502), fault };
}

/**
 * What an upstream's answer becomes for its client: a binary message when it is called `application/octet-stream` or is no UTF-8, else a
 * text.
 */
export function contentPayload({ headers, body }: Pick<UpstreamReply, "headers" | "body">): Payload {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  return rawPayload(type !== "application/octet-stream" && isUtf8(body) ? "text" : "binary", body);
}

/** Names separated by commas, in one header or several. */
function listOf(value: string | string[] | undefined): readonly string[] {
  const names = [value ?? []].flat().flatMap((part) => headerText(part).split(","));
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))];
}

/** What of a refusal's headers is for the client. */
const passedHeaders = ["content-type", "retry-after", "www-authenticate"];

function passedOn(status: number, { headers, body }: UpstreamReply): Response {
  const passed = passedHeaders.flatMap((name): [string, string][] => {
    const value = headers[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return new Response(body.byteLength === 0 ? null : Buffer.from(body), { status, headers: passed });
}

function unauthorized(hub: string): Response {
  return refusal(401, `No upstream decides who connects to hub '${hub}', so a token is needed.`, {
    "www-authenticate": "Bearer",
  });
}
