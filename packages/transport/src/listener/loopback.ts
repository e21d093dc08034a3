import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether only this machine reaches the address; undefined stands for both loopback addresses. Of names, only `localhost` does. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined || address.toLowerCase() === "localhost") return true;
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? "ipv6" : "ipv4");
}
