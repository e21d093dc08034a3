import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCertificate } from "./certificate.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signalbox-tls-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function pem(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe("the certificate", () => {
  it("is absent where TLS is not set up", () => {
    expect(readCertificate({})).toBeUndefined();
  });

  it("is missed by the name of its setting", () => {
    const tls = { cert: pem("cert.pem", ""), key: join(folder, "nowhere.pem") };
    expect(() => readCertificate(tls)).toThrow(/^tls\.key cannot be read: .*nowhere\.pem/);
  });

  it("is refused when it is no PEM", () => {
    const tls = { cert: pem("cert.pem", "hello"), key: pem("key.pem", "hello") };
    expect(() => readCertificate(tls)).toThrow(/^tls\.cert .*cert\.pem and tls\.key .*key\.pem are no usable pair: /);
  });
});
