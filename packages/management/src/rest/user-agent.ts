/** Of this package; a test compares it with package.json, which a bundled application does not carry. */
export const version = "0.1.0";

/** `Asrs-User-Agent`, in the form of the official SDKs: product (runtime; platform; architecture). */
export function userAgentOf(addition: string | undefined): string {
  const { bun, node } = process.versions;
  const runtime = bun === undefined ? `Node ${node}` : `Bun ${bun}`;
  const product = `signalbox-management/${version} (${runtime}; ${process.platform}; ${process.arch})`;
  return addition === undefined ? product : `${product} ${addition}`;
}
