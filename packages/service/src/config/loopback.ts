import { BlockList, isIPv6 } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether only this machine reaches the address; undefined stands for both loopback addresses. */
export function isLoopback(ip: string | undefined): boolean {
  return ip === undefined || loopback.check(ip, isIPv6(ip) ? "ipv6" : "ipv4");
}
