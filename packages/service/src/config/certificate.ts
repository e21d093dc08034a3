import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Settings } from "./settings.ts";
import { SettingsError } from "./settings-error.ts";

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads what `tls.cert` and `tls.key` name.
 * @returns undefined when TLS is not set up
 * @throws {SettingsError} when a file cannot be read, or the two are no usable pair
 */
export function readCertificate(tls: Pick<Settings["tls"], "cert" | "key">): Certificate | undefined {
  if (tls.cert === undefined || tls.key === undefined) return undefined;
  const certificate = { cert: readPem("tls.cert", tls.cert), key: readPem("tls.key", tls.key) };
  try {
    createSecureContext(certificate);
  } catch (error) {
    throw new SettingsError([`tls.cert ${tls.cert} and tls.key ${tls.key} are no usable pair: ${(error as Error).message}.`]);
  }
  return certificate;
}

function readPem(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SettingsError([`${setting} cannot be read: ${(error as Error).message}.`]);
  }
}
