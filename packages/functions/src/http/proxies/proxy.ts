import type { AppSettings } from "../../contracts/binding.ts";
import type { LogLevel } from "../../contracts/invocation.ts";
import { endToEnd, forward } from "../forward.ts";
import { bodyOf, type Inbound } from "../inbound.ts";
import { pathSegments, type RouteValues } from "../routing/route-template.ts";
import type { ProxyDefinition } from "./proxies-file.ts";
import { encodePath, type SubstitutionSource, substitute, substituteWithin } from "./substitution.ts";

export interface ProxyOptions {
  readonly settings: Pick<AppSettings, "get">;
  /**
   * Answers in this process, functions first, then other proxies.
   * @returns undefined when there is neither
   */
  dispatch(inbound: Inbound): Promise<Response | undefined>;
  /** The port this host listens on; undefined before it does. */
  port(): number | undefined;
  log(level: LogLevel, message: string): void;
}

const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const bodyless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** Answers a request that matched a proxy (reference functions-host §2.9). */
export async function answerByProxy(
  proxy: ProxyDefinition,
  values: RouteValues,
  inbound: Inbound,
  options: ProxyOptions,
): Promise<Response> {
  const source: SubstitutionSource = { settings: options.settings, values, request: inbound };
  let answer = new Response(null, { status: 200 });
  if (proxy.backendUri !== undefined) {
    const written = substitute(proxy.backendUri, source, encodePath);
    if (!URL.canParse(written) || !/^https?:/i.test(written)) {
      options.log("error", `The proxy "${proxy.name}" has a backendUri that is no address: ${written}`);
      return new Response(null, { status: 500 });
    }
    const backendRequest = toBackendRequest(new URL(written), proxy, source, inbound);
    if (proxy.debug) options.log("information", `Proxy "${proxy.name}": ${backendRequest.method} ${backendRequest.url.href}`);
    answer = await callBackend(backendRequest, inbound, proxy, options);
    if (proxy.debug) options.log("information", `Proxy "${proxy.name}": the backend answered ${answer.status}`);
  }
  return override(answer, proxy, { ...source, backend: answer });
}

function toBackendRequest(url: URL, proxy: ProxyDefinition, source: SubstitutionSource, inbound: Inbound): Inbound {
  for (const [name, value] of inbound.url.searchParams) url.searchParams.append(name, value);
  for (const [name, text] of proxy.request.query) {
    const value = substitute(text, source);
    if (value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  const headers = endToEnd(inbound.headers);
  applyHeaders(headers, proxy.request.headers, source);
  const method = proxy.request.method === undefined ? inbound.method : substitute(proxy.request.method, source).toUpperCase();
  return {
    ...inbound,
    method: method || inbound.method,
    url,
    path: pathSegments(url.pathname),
    headers,
    proxies: [...inbound.proxies, proxy.name],
  };
}

async function callBackend(request: Inbound, from: Inbound, proxy: ProxyDefinition, options: ProxyOptions): Promise<Response> {
  if (isLocal(request.url, from, options)) {
    if (from.proxies.includes(proxy.name)) {
      options.log("error", `The proxy "${proxy.name}" leads back to itself.`);
      return new Response(null, { status: 400 });
    }
    return (await options.dispatch(request)) ?? new Response(null, { status: 404 });
  }
  try {
    return await forward(request.url, {
      method: request.method,
      headers: request.headers,
      body: bodyOf(request),
      signal: request.source.signal,
    });
  } catch (error) {
    if (request.source.signal.aborted) return new Response(null, { status: 499 });
    options.log(
      "error",
      `The backend ${request.url.origin} of the proxy "${proxy.name}" did not answer: ${(error as Error).message}`,
    );
    return new Response(null, { status: 502 });
  }
}

/** This host by any of its names, whatever the scheme. Another port of this machine is another server. */
function isLocal(target: URL, from: Inbound, { settings, port }: ProxyOptions): boolean {
  if (settings.get("AZURE_FUNCTION_PROXY_DISABLE_LOCAL_CALL")?.toLowerCase() === "true") return false;
  if (target.host === from.url.host || target.host === settings.get("WEBSITE_HOSTNAME")?.toLowerCase()) return true;
  return loopback.has(target.hostname) && (target.port === "" || target.port === String(port()));
}

function override(answer: Response, proxy: ProxyDefinition, source: SubstitutionSource): Response {
  const { statusCode, statusReason, body, headers: headerOverrides } = proxy.response;
  if (statusCode === undefined && statusReason === undefined && body === undefined && headerOverrides.length === 0)
    return answer;
  const headers = new Headers(answer.headers);
  let content: string | ReadableStream<Uint8Array> | null = answer.body;
  if (body !== undefined) {
    void answer.body?.cancel().catch(() => {});
    content = typeof body === "string" ? substitute(body, source) : JSON.stringify(substituteWithin(body, source));
    headers.delete("content-length");
    headers.delete("content-encoding");
    headers.set("content-type", typeof body === "string" ? "text/plain; charset=utf-8" : "application/json; charset=utf-8");
  }
  applyHeaders(headers, headerOverrides, source);
  const wanted = Number.parseInt(statusCode === undefined ? "" : substitute(statusCode, source), 10);
  const status = wanted >= 200 && wanted <= 599 ? wanted : answer.status;
  const reason =
    statusReason === undefined ? (status === answer.status ? answer.statusText : "") : substitute(statusReason, source);
  return new Response(bodyless.has(status) ? null : content, { status, statusText: printable(reason), headers });
}

function applyHeaders(headers: Headers, overrides: ProxyDefinition["request"]["headers"], source: SubstitutionSource): void {
  for (const [name, text] of overrides) {
    const value = printable(substitute(text, source)).trim();
    if (value === "") headers.delete(name);
    else headers.set(name, value);
  }
}

/** What a caller put into a header must not end the line. */
function printable(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "");
}
