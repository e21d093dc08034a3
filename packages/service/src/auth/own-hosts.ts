/** Names that mean the machine itself wherever they are used; the last two are how a container reaches its host. */
const machineNames = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal", "host.containers.internal"];

/**
 * The names under which this service is known, against which the host of a token's audience is held. A name is known when it is
 *  - one that always means this machine (`localhost`, `127.0.0.1`, `[::1]`, `host.docker.internal`, `host.containers.internal`),
 *  - configured: the hosts of the endpoints that connection strings name,
 *  - the one by which the request itself came (its `Host` header).
 * Ports and letter case never count: SDKs drop the port or keep it (reference serverless-upstream §4.3, §6.3).
 *
 * What this protects: a token signed for another service that happens to share the access key. Whoever could forge the `Host` header
 * still needs a token signed with the key.
 */
export class OwnHosts {
  readonly #names: ReadonlySet<string>;
  #header: string | undefined;
  #headerName = "";

  /** @param configured host names, with or without port, or URLs */
  constructor(configured: readonly string[] = []) {
    this.#names = new Set([...machineNames, ...configured.map(hostName)]);
  }

  /**
   * @param name as `hostName` writes it
   * @param hostHeader of the request; undefined when it has none
   */
  has(name: string, hostHeader: string | undefined): boolean {
    if (this.#names.has(name)) return true;
    if (hostHeader === undefined) return false;
    if (hostHeader !== this.#header) {
      this.#header = hostHeader;
      this.#headerName = hostName(hostHeader);
    }
    return name !== "" && name === this.#headerName;
  }
}

/** The host of a URL or of `host:port`: lower-case, without port and final dot; an IPv6 address in brackets. */
export function hostName(text: string): string {
  const authority = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)/i.exec(text)?.[1] ?? "";
  const isBareIPv6 = !authority.startsWith("[") && authority.split(":").length > 2;
  const host = isBareIPv6 ? `[${authority}]` : authority.replace(/:\d*$/, "");
  return host.replace(/\.$/, "").toLowerCase();
}
