/** What runs this program, for example `Node 26.10.0`. */
export function runtimeName(): string {
  return process.versions.bun === undefined ? `Node ${process.versions.node}` : `Bun ${process.versions.bun}`;
}

/** Started by npm, the command belongs to a project and is in nobody's PATH. */
export function commandName(): string {
  return process.env.npm_command === undefined ? "signalbox" : "npx signalbox";
}
