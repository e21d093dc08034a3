/** As a signed or as an unsigned integer. */
export function fits64Bits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}
