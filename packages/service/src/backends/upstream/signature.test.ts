import { expect, it } from "vitest";
import { Signer, signConnection } from "./signature.ts";

// Vectors of the functions host's own tests (reference serverless-upstream §3.3).
const connectionId = "0f9c97a2f0bf4706afe87a14e0797b11";
const primary = "7aab239577fd4f24bc919802fb629f5f";
const secondary = "a5f2815d0d0c4b00bd27e832432f91ab";
const primarySignature = "sha256=7767effcb3946f3e1de039df4b986ef02c110b1469d02c0a06f41b3b727ab561";
const secondarySignature = "sha256=d4aefb65547a00a9881fa8ac8bd03d0faf77af9da5205d45c6e57cbda4377760";

it("signs the connection id with each key, the primary first, in lower case and without a blank", () => {
  expect(signConnection(connectionId, [primary])).toBe(primarySignature);
  expect(signConnection(connectionId, [primary, secondary])).toBe(`${primarySignature},${secondarySignature}`);
});

it("is remembered while the keys stay: others sign anew, at once", () => {
  const signer = new Signer();
  const keys = [primary];
  for (let i = 0; i < 2; i += 1) expect(signer.sign(connectionId, keys)).toBe(primarySignature);
  expect(signer.sign("another", keys)).toBe(signConnection("another", keys));
  expect(signer.sign(connectionId, [secondary])).toBe(secondarySignature);
  const many = Array.from({ length: 5_000 }, (_, i) => `connection ${i}`);
  for (let i = 0; i < 2; i += 1) for (const id of many) expect(signer.sign(id, keys)).toBe(signConnection(id, keys));
});
