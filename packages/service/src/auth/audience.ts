import { hostName, type OwnHosts } from "./own-hosts.ts";
import { TokenError, type TokenPayload } from "./token-verifier.ts";

/** An `aud` value taken apart. Scheme and port are left out: TLS may end at a proxy, and SDKs drop or keep the port. */
interface Audience {
  readonly text: string;
  readonly host: string;
  /** Without trailing slashes; empty for the root. */
  readonly path: string;
  /** Without the `?`. */
  readonly query: string;
}

/** Audiences taken apart, by their text: clients of one hub and calls of one URL share it, while every token is another. */
const known = new Map<string, Audience>();
const maxKnown = 1_000;
/** Longer ones, characters, are no usual URL and not worth remembering. */
const maxKnownLength = 512;

/**
 * A client's token must be for the URL of its hub, `{scheme}://{host}/client/?hub={hub}` (reference serverless-upstream §1.2, §6.3).
 * Scheme, port, letter case of path and hub, the slash after `client` and further query parameters make no difference.
 * @param hub lower-case
 * @param hostHeader of the request
 * @throws {TokenError} when no audience of the token is that URL
 */
export function requireClientAudience(payload: TokenPayload, hub: string, own: OwnHosts, hostHeader: string | undefined): void {
  requireAudience(payload, own, hostHeader, (audience) => isHubAt("/client", hub, audience), `/client/?hub=${hub}`);
}

/**
 * An app server's token must be for the URL of its hub, `{scheme}://{host}/server/?hub={hub}` (reference hub-and-service-protocol §4.2);
 * what makes no difference is as for clients.
 * @param hub lower-case
 * @param hostHeader of the request
 * @throws {TokenError} when no audience of the token is that URL
 */
export function requireServerAudience(payload: TokenPayload, hub: string, own: OwnHosts, hostHeader: string | undefined): void {
  requireAudience(payload, own, hostHeader, (audience) => isHubAt("/server", hub, audience), `/server/?hub=${hub}`);
}

/**
 * A REST caller's token must be for the URL it calls (reference serverless-upstream §4.3): scheme, port, query and trailing slash make
 * no difference, nor does letter case up to and including the hub. Behind the hub the decoded segments must be equal to the letter.
 * @param target path and query as sent
 * @param hostHeader of the request
 * @returns the `Host` header when the verdict depended on it; undefined when the audience is known without it
 * @throws {TokenError} when no audience of the token is that URL
 */
export function requireRestAudience(
  payload: TokenPayload,
  target: string,
  own: OwnHosts,
  hostHeader: string | undefined,
): string | undefined {
  const { host } = requireAudience(payload, own, hostHeader, (audience) => isPathOf(target, audience.path), target);
  return own.has(host, undefined) ? undefined : hostHeader;
}

function requireAudience(
  payload: TokenPayload,
  own: OwnHosts,
  hostHeader: string | undefined,
  fits: (audience: Audience) => boolean,
  expected: string,
): Audience {
  const candidates = audiencesOf(payload);
  for (const audience of candidates) {
    if (fits(audience) && own.has(audience.host, hostHeader)) return audience;
  }
  if (candidates.length === 0) throw new TokenError("The audience is missing or is no URL");
  const stranger = candidates.find(fits);
  throw new TokenError(
    stranger === undefined
      ? `The audience '${candidates[0]?.text}' is invalid: this request is for '${expected}'`
      : `The audience '${stranger.text}' is invalid: this service is not known as '${stranger.host}'`,
  );
}

function audiencesOf({ aud }: TokenPayload): readonly Audience[] {
  const texts: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return texts.map(audienceOf).filter((audience) => audience !== undefined);
}

function audienceOf(text: unknown): Audience | undefined {
  if (typeof text !== "string") return undefined;
  const remembered = known.get(text);
  if (remembered !== undefined) return remembered;
  const audience = parseAudience(text);
  if (audience === undefined || text.length > maxKnownLength) return audience;
  if (known.size >= maxKnown) known.clear();
  known.set(text, audience);
  return audience;
}

const audienceForm = /^(?:https?|wss?):\/\/([^/?#]+)([^?#]*)(?:\?([^#]*))?/i;

function parseAudience(text: string): Audience | undefined {
  const parts = audienceForm.exec(text);
  if (parts === null) return undefined;
  return {
    text,
    host: hostName(parts[1] ?? ""),
    path: withoutTrailingSlash(parts[2] ?? ""),
    query: parts[3] ?? "",
  };
}

function isHubAt(path: string, hub: string, audience: Audience): boolean {
  if (audience.path !== path && audience.path.toLowerCase() !== path) return false;
  // The form every SDK writes, told apart without taking the query apart.
  if (audience.query === `hub=${hub}`) return true;
  const hubs = new URLSearchParams(audience.query).getAll("hub");
  return hubs.length === 1 && hubs[0]?.toLowerCase() === hub;
}

function isPathOf(target: string, path: string): boolean {
  // The usual case, without copying anything: the audience's path as it stands, then the end, a slash or the query.
  if (path !== "" && target.startsWith(path)) {
    const next = target.charCodeAt(path.length);
    if (Number.isNaN(next) || next === questionMark) return true;
  }
  const query = target.indexOf("?");
  return samePath(withoutTrailingSlash(query < 0 ? target : target.slice(0, query)), path);
}

const questionMark = 0x3f;

function samePath(left: string, right: string): boolean {
  const ours = left.split("/");
  const theirs = right.split("/");
  if (ours.length !== theirs.length) return false;
  // `/api/hubs/{hub}`, `/api/v1/hubs/{hub}`: up to the segment behind `hubs` (or `hub`) letter case does not count.
  const hub = ours.findIndex((segment) => /^hubs?$/i.test(segment)) + 1;
  return ours.every((segment, at) => {
    const mine = decoded(segment);
    const other = decoded(theirs[at] ?? "");
    return hub === 0 || at <= hub ? mine.toLowerCase() === other.toLowerCase() : mine === other;
  });
}

function decoded(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function withoutTrailingSlash(path: string): string {
  let end = path.length;
  while (end > 0 && path.charCodeAt(end - 1) === slash) end--;
  return path.slice(0, end);
}

const slash = 0x2f;
