import { signToken } from "@signalbox/protocol";
import { createEndpoint } from "../endpoints/create-endpoint.ts";
import type { ServiceEndpoint } from "../endpoints/service-endpoint.ts";
import { AuthenticationError, ConnectionNotFoundError, InvalidArgumentError } from "../errors.ts";
import { requireGroup, requireHubName, requireId } from "../hub/names.ts";
import type { ServiceClientOptions } from "../options.ts";
import { type CallerOptions, createRestCaller } from "../rest/create-rest-caller.ts";
import type { RestCaller } from "../rest/rest-caller.ts";
import { pathOf, queryOf, type RestRequest } from "../rest/rest-request.ts";
import { contentBody, type WebSocketContent } from "./content.ts";
import { type EventHeaders, event, type WebSocketEvent } from "./event.ts";

/** Where calls are written down: the context of a function, or the console. */
export interface WebSocketLog {
  log(text: string): void;
}

/** How a call was carried out; a function may return it as its answer. */
export interface WebSocketResult {
  /** HTTP status of the service's answer. */
  readonly status: number;
  readonly body: { readonly type: "log"; readonly code: number; readonly text: string };
}

export interface WebSocketClientOptions extends CallerOptions, Pick<ServiceClientOptions, "credential"> {}

/** Connection ids that a send leaves out. */
export interface SendOptions {
  readonly excluded?: readonly string[];
}

type Call = Pick<RestRequest, "method" | "body" | "no"> & { readonly query?: Parameters<typeof queryOf>[0] };

/** Seconds. */
const tokenLifetime = 3_600;

/**
 * The raw WebSocket clients of one hub, as a back end sees them: the names and results of the `azure-websockets` library over the REST
 * routes of May 2020 (reference serverless-upstream §5.6, §5.7). Every call resolves when the service has accepted it. What that library
 * answered with `type: "error"` is thrown here.
 */
export class WebSocketClient {
  /** The service's base URL, with a trailing slash. */
  readonly host: string;
  readonly #endpoint: ServiceEndpoint;
  readonly #rest: RestCaller;
  readonly #log: WebSocketLog;
  readonly #hubPath: string;

  /**
   * @param hub absent: the default hub
   * @throws {ConnectionStringError}
   * @throws {InvalidArgumentError} for a hub that cannot be named
   * @throws {AuthenticationError} when the connection string needs a credential
   */
  constructor(connectionString: string, hub: string | undefined, log: WebSocketLog, options: WebSocketClientOptions = {}) {
    this.#rest = createRestCaller(options);
    this.#endpoint = createEndpoint({ connectionString }, options.credential, this.#rest);
    this.#log = log;
    this.#hubPath = hub ? `/hubs${pathOf(requireHubName("hub", hub))}` : "";
    this.host = `${this.#endpoint.connection.endpoint}/`;
  }

  /** Reads the headers of an upstream request. */
  event(headers: EventHeaders): WebSocketEvent {
    return event(headers);
  }

  /**
   * Where clients connect.
   * @param user absent: the client comes anonymously and the answer to `connect` decides who it is. Otherwise the address carries a token
   *   that names this user for an hour.
   * @throws {AuthenticationError} for a user, when the connection string has no access key
   */
  getEndpoint(user?: string): string {
    const { endpoint, clientEndpoint, accessKey } = this.#endpoint.connection;
    const path = `/ws/client${this.#hubPath}/`;
    const url = `${(clientEndpoint ?? endpoint).replace(/^http/, "ws")}${path}`;
    if (!user) return url;
    if (accessKey === undefined) {
      throw new AuthenticationError("Only a connection string with an AccessKey can name the user of an address.");
    }
    const iat = Math.floor(Date.now() / 1000);
    const claims = { sub: user, iat, exp: iat + tokenLifetime, aud: this.#endpoint.audience(path) };
    return `${url}?access_token=${signToken(claims, { key: accessKey })}`;
  }

  async broadcast(content: WebSocketContent, { excluded }: SendOptions = {}): Promise<WebSocketResult> {
    return this.#send("", content, excluded);
  }

  /** To a connection that does not exist is no error. */
  async sendToConnection(connectionId: string, content: WebSocketContent): Promise<WebSocketResult> {
    return this.#send(connectionPath(connectionId), content);
  }

  /** To all connections of the user; to nobody is no error. */
  async sendToUser(user: string, content: WebSocketContent): Promise<WebSocketResult> {
    return this.#send(userPath(user), content);
  }

  async sendToGroup(group: string, content: WebSocketContent, { excluded }: SendOptions = {}): Promise<WebSocketResult> {
    return this.#send(groupPath(group), content, excluded);
  }

  /** @throws {ConnectionNotFoundError} */
  async addConnectionToGroup(group: string, connectionId: string): Promise<WebSocketResult> {
    return this.#callForConnection("PUT", group, connectionId);
  }

  /** Not being a member is no error. @throws {ConnectionNotFoundError} */
  async removeConnectionFromGroup(group: string, connectionId: string): Promise<WebSocketResult> {
    return this.#callForConnection("DELETE", group, connectionId);
  }

  /** @param reason becomes the text of the close frame */
  async closeConnection(connectionId: string, reason?: string): Promise<WebSocketResult> {
    return this.#call(connectionPath(connectionId), { method: "DELETE", query: { reason } });
  }

  /**
   * The connections that the user has and will have.
   * @param ttl seconds after which the membership ends by itself
   */
  async addToGroup(group: string, user: string, { ttl }: { readonly ttl?: number } = {}): Promise<WebSocketResult> {
    if (ttl !== undefined && !(Number.isInteger(ttl) && ttl >= 0)) {
      throw new InvalidArgumentError(`ttl must be a whole number of seconds, not ${ttl}.`);
    }
    return this.#call(groupPath(group) + userPath(user), { method: "PUT", query: { ttl: ttl?.toString() } });
  }

  async removeFromGroup(group: string, user: string): Promise<WebSocketResult> {
    return this.#call(groupPath(group) + userPath(user), { method: "DELETE" });
  }

  async connectionExists(connectionId: string): Promise<boolean> {
    return this.#exists(connectionPath(connectionId));
  }

  /** Whether the user has a connection. */
  async userExists(user: string): Promise<boolean> {
    return this.#exists(userPath(user));
  }

  /** Whether the group has a connection. */
  async groupExists(group: string): Promise<boolean> {
    return this.#exists(groupPath(group));
  }

  #send(path: string, content: WebSocketContent, excluded?: readonly string[]): Promise<WebSocketResult> {
    return this.#call(path, { method: "POST", body: contentBody(content), query: { excluded } });
  }

  async #callForConnection(method: "PUT" | "DELETE", group: string, connectionId: string): Promise<WebSocketResult> {
    const result = await this.#answer(groupPath(group) + connectionPath(connectionId), { method, no: "any" });
    if (result !== undefined) return result;
    throw new ConnectionNotFoundError(`There is no connection ${JSON.stringify(connectionId)}.`, {
      status: 404,
      endpoint: this.#endpoint.restBase,
    });
  }

  async #exists(path: string): Promise<boolean> {
    return (await this.#answer(path, { method: "HEAD", no: "any" })) !== undefined;
  }

  async #call(path: string, call: Call): Promise<WebSocketResult> {
    return (await this.#answer(path, call))!;
  }

  /** @returns undefined for a "no" (see `RestRequest.no`) */
  async #answer(subPath: string, { query, ...call }: Call): Promise<WebSocketResult | undefined> {
    const path = `/ws/api/v1${this.#hubPath}${subPath}`;
    const request = { ...call, path, query: queryOf(query ?? {}), isMessage: call.method === "POST" };
    const what = `${request.method.toLowerCase()}:${this.#endpoint.restBase}${path}${request.query}`;
    try {
      const answer = await this.#rest.call(this.#endpoint, request);
      const text = `invoked ${what}: ${answer?.status ?? 404}`;
      this.#log.log(text);
      return answer && { status: answer.status, body: { type: "log", code: answer.status, text } };
    } catch (failure) {
      this.#log.log(`error invoking ${what}: ${(failure as Error).message}`);
      throw failure;
    }
  }
}

function connectionPath(id: string): string {
  return `/connections${pathOf(requireId("connection", id))}`;
}

function userPath(id: string): string {
  return `/users${pathOf(requireId("user", id))}`;
}

function groupPath(name: string): string {
  return `/groups${pathOf(requireGroup(name))}`;
}
