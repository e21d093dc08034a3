import { BlockList, isIP } from "node:net";

/** Tells by the address of the TCP peer whether it may speak for others. */
export class TrustedProxies {
  readonly #everybody: boolean;
  readonly #nobody: boolean;
  readonly #list = new BlockList();

  /**
   * @param entries addresses (`10.0.0.7`, `::1`), networks (`10.0.0.0/8`), or `*` for everybody: only where nobody but the proxy can connect
   * @throws {RangeError} for anything else; the sentence names it
   */
  constructor(entries: readonly string[]) {
    this.#everybody = entries.includes("*");
    this.#nobody = entries.length === 0;
    for (const entry of entries.filter((candidate) => candidate !== "*")) {
      const [address = "", bits] = entry.split("/") as [string, string?];
      const version = isIP(address);
      const most = version === 4 ? 32 : 128;
      const size = bits === undefined ? most : Number(bits);
      if (version === 0 || !Number.isInteger(size) || size < 0 || size > most)
        throw new RangeError(
          `The trusted proxy ${JSON.stringify(entry)} is neither an address nor a network such as 10.0.0.0/8.`,
        );
      this.#list.addSubnet(address, size, version === 4 ? "ipv4" : "ipv6");
    }
  }

  has(address: string): boolean {
    if (this.#everybody || this.#nobody) return this.#everybody;
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}
