import { createHmac } from "node:crypto";
import { parseJson, signToken } from "@signalbox/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTokenVerifier, TokenError, type TokenVerifier } from "./token-verifier.ts";

const primary = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const secondary = "schlüssel-mit-ümlaut/0123456789abcdef+==";
const start = 1_700_000_000;

/** A verifier whose keys, clock and skew the test moves. */
function setUp() {
  const state = { keys: [primary, secondary] as readonly string[], seconds: start, skew: 0 };
  const verifier = createTokenVerifier({
    keys: () => state.keys,
    clockSkewSeconds: () => state.skew,
    now: () => state.seconds * 1000,
  });
  return { state, verifier };
}

const encode = (text: string | Uint8Array) => Buffer.from(text).toString("base64url");

/** A token with any header and payload text, signed correctly as HS256. */
function forge(header: unknown, payload: string | Uint8Array, key = primary): string {
  const signed = `${encode(JSON.stringify(header))}.${encode(payload)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

function refusal(verifier: TokenVerifier, token: string): string {
  try {
    verifier.verify(token);
  } catch (error) {
    expect(error).toBeInstanceOf(TokenError);
    return (error as TokenError).message;
  }
  throw new Error("The token was accepted.");
}

const payload = { aud: "http://localhost/client/?hub=chat", exp: start + 60 };

describe("signature", () => {
  it("may be made with either access key, as HS256 or HS512, whatever kid says", () => {
    const { verifier } = setUp();
    for (const key of [primary, secondary]) {
      expect(verifier.verify(signToken(payload, { key }))).toEqual(payload);
      expect(verifier.verify(signToken(payload, { key, algorithm: "HS512" }))).toEqual(payload);
      expect(verifier.verify(forge({ alg: "HS256", typ: "JWT", kid: "-1572854376" }, JSON.stringify(payload), key))).toEqual(
        payload,
      );
      expect(verifier.verify(forge({ alg: "HS256" }, JSON.stringify(payload), key))).toEqual(payload);
    }
  });

  it("takes the key's text as it stands, not its base64 decoding", () => {
    const { verifier, state } = setUp();
    state.keys = ["QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="];
    const signed = `${encode('{"alg":"HS256"}')}.${encode(JSON.stringify(payload))}`;
    const wrong = createHmac("sha256", Buffer.from("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=", "base64")).update(signed);
    expect(refusal(verifier, `${signed}.${wrong.digest("base64url")}`)).toBe("The signature key was not found");
  });

  it.each([
    ["another key", signToken(payload, { key: "another-key-another-key-another-key" }), "The signature key was not found"],
    ["alg none", `${encode('{"alg":"none"}')}.${encode(JSON.stringify(payload))}.`, "The signature is invalid"],
    ["no signature", `${encode('{"alg":"HS256"}')}.${encode(JSON.stringify(payload))}.`, "The signature is invalid"],
    ["alg none, signed", forge({ alg: "none" }, JSON.stringify(payload)), "The signature algorithm is not HS256 or HS512"],
    ["HS384", forge({ alg: "HS384" }, JSON.stringify(payload)), "The signature algorithm is not HS256 or HS512"],
    ["RS256", forge({ alg: "RS256" }, JSON.stringify(payload)), "The signature algorithm is not HS256 or HS512"],
    ["HS512 claimed, HS256 made", forge({ alg: "HS512" }, JSON.stringify(payload)), "The signature key was not found"],
    ["a word", "abc", "The token is malformed"],
    ["three words", "a.b.c", "The token is malformed"],
    ["nothing", "", "The token is malformed"],
    ["dots", "....", "The token is malformed"],
    ["a payload that is no object", forge({ alg: "HS256" }, "[1]"), "The token is malformed"],
    ["a payload that is no JSON", forge({ alg: "HS256" }, "{"), "The token is malformed"],
    [
      "a critical header",
      forge({ alg: "HS256", crit: ["b64"], b64: false }, JSON.stringify(payload)),
      "The token has a critical header that is not understood",
    ],
    ["a huge one", `${"x".repeat(100_000)}.y.z`, "The token is longer than 16384 characters"],
    [
      "a deep one",
      forge({ alg: "HS256" }, `{"a":${"[".repeat(900)}${"]".repeat(900)}}`),
      "The token is nested deeper than 64 levels",
    ],
  ])("refuses %s", (_, token, text) => {
    expect(refusal(setUp().verifier, token)).toBe(text);
  });

  it("refuses everything while there is no key", () => {
    const { verifier, state } = setUp();
    for (const keys of [[], [""]]) {
      state.keys = keys;
      expect(refusal(verifier, signToken(payload, { key: primary }))).toBe("The signature key was not found");
      expect(refusal(verifier, `${encode('{"alg":"HS256"}')}.${encode(JSON.stringify(payload))}.`)).toMatch(/signature/);
    }
  });

  it("holds for no other text than the one that was signed", () => {
    const { verifier } = setUp();
    const token = signToken({ ...payload, nameid: "ünï✓𝄞\u0000", role: ["a", "b"] }, { key: primary });
    verifier.verify(token);
    const anyEdit = fc.record({ at: fc.nat(token.length - 1), text: fc.string({ unit: "binary", maxLength: 3 }) });
    fc.assert(
      fc.property(anyEdit, fc.nat(2), ({ at, text }, removed) => {
        const edited = token.slice(0, at) + text + token.slice(at + removed);
        // The last character of base64url holds bits that decode to nothing: such a twin is the same signature.
        const signatureOf = (t: string) => Buffer.from(t.slice(t.lastIndexOf(".") + 1), "base64url");
        const isTwin =
          edited.slice(0, edited.lastIndexOf(".")) === token.slice(0, token.lastIndexOf(".")) &&
          signatureOf(edited).equals(signatureOf(token));
        fc.pre(!isTwin);
        refusal(verifier, edited);
      }),
    );
  });

  it("survives any text", () => {
    const { verifier } = setUp();
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void refusal(verifier, text)));
    const segment = fc.oneof(fc.json(), fc.string()).map(encode);
    fc.assert(fc.property(segment, segment, segment, (h, p, s) => void refusal(verifier, `${h}.${p}.${s}`)));
  });

  it("lets any signed payload through unchanged", () => {
    const { verifier } = setUp();
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 4 })), (claims) => {
        const text = JSON.stringify({ ...claims, exp: start + 60, nbf: undefined });
        expect(verifier.verify(forge({ alg: "HS256" }, text))).toEqual(parseJson(text));
      }),
    );
  });
});

describe("lifetime", () => {
  it("needs exp", () => {
    const { verifier } = setUp();
    expect(refusal(verifier, forge({ alg: "HS256" }, JSON.stringify({ aud: payload.aud })))).toBe(
      "The token has no expiration",
    );
    expect(refusal(verifier, forge({ alg: "HS256" }, JSON.stringify({ exp: null })))).toBe("The token has no expiration");
    expect(refusal(verifier, forge({ alg: "HS256" }, JSON.stringify({ exp: "1900000000" })))).toBe(
      "The claim exp is not a number",
    );
    expect(refusal(verifier, forge({ alg: "HS256" }, JSON.stringify({ exp: start + 9, nbf: {} })))).toBe(
      "The claim nbf is not a number",
    );
  });

  it("ends at exp and begins at nbf, both moved by the clock skew", () => {
    const { verifier, state } = setUp();
    const token = forge({ alg: "HS256" }, JSON.stringify({ exp: start + 60, nbf: start }));
    for (const skew of [0, 300]) {
      state.skew = skew;
      state.seconds = start - skew;
      verifier.verify(token);
      state.seconds = start - skew - 1;
      expect(refusal(verifier, token)).toBe("The token is not valid before '11/14/2023 22:13:20'");
      state.seconds = start + 59 + skew;
      verifier.verify(token);
      state.seconds = start + 60 + skew;
      expect(refusal(verifier, token)).toBe("The token expired at '11/14/2023 22:14:20'");
    }
  });

  it("takes times far beyond any calendar", () => {
    const { verifier } = setUp();
    verifier.verify(forge({ alg: "HS256" }, JSON.stringify({ exp: 1e300 })));
    verifier.verify(forge({ alg: "HS256" }, '{"exp":99999999999999999999}'));
    expect(refusal(verifier, forge({ alg: "HS256" }, JSON.stringify({ exp: 1e300, nbf: 1e299 })))).toBe(
      "The token is not valid before '12/31/9999 23:59:59'",
    );
    expect(refusal(verifier, forge({ alg: "HS256" }, JSON.stringify({ exp: -1e300 })))).toBe(
      "The token expired at '01/01/1970 00:00:00'",
    );
  });
});

describe("cache", () => {
  it("answers the same object again, until the token expires", () => {
    const { verifier, state } = setUp();
    const token = signToken(payload, { key: primary });
    const first = verifier.verify(token);
    expect(verifier.verify(token)).toBe(first);
    state.seconds = payload.exp;
    expect(refusal(verifier, token)).toMatch(/expired/);
  });

  it("does not keep, and forgets, a token that is brought for the last time", () => {
    const { verifier } = setUp();
    const token = signToken(payload, { key: primary });
    const unkept = verifier.verify(token, true);
    const kept = verifier.verify(token);
    expect(kept).not.toBe(unkept);
    expect(verifier.verify(token, true)).toBe(kept);
    expect(verifier.verify(token)).not.toBe(kept);
  });

  it("is emptied when a key is replaced", () => {
    const { verifier, state } = setUp();
    const [old, other] = [signToken(payload, { key: primary }), signToken(payload, { key: secondary })];
    verifier.verify(old);
    const before = verifier.verify(other);
    state.keys = [secondary, "a-new-key-a-new-key-a-new-key-a-new-key"];
    expect(refusal(verifier, old)).toBe("The signature key was not found");
    expect(verifier.verify(other)).toEqual(before);
    expect(verifier.verify(other)).not.toBe(before);
  });

  it("stays when the keys are the same, though listed anew", () => {
    const { verifier, state } = setUp();
    const token = signToken(payload, { key: primary });
    const first = verifier.verify(token);
    state.keys = [...state.keys];
    expect(verifier.verify(token)).toBe(first);
    expect(verifier.stillHolds(first)).toBe(true);
  });

  it("tells of a payload whether it still holds: until it expires, while the keys stay, and only of its own", () => {
    const { verifier, state } = setUp();
    const token = signToken(payload, { key: primary });
    const first = verifier.verify(token);
    expect(verifier.stillHolds(first)).toBe(true);
    expect(verifier.stillHolds({ ...first })).toBe(false);
    state.seconds = payload.exp;
    expect(verifier.stillHolds(first)).toBe(false);
    state.seconds = start;
    expect(verifier.stillHolds(first)).toBe(true);
    state.keys = [secondary];
    expect(verifier.stillHolds(first)).toBe(false);
    expect(refusal(verifier, token)).toBe("The signature key was not found");
    expect(verifier.stillHolds(first)).toBe(false);
  });
});

it("keeps every digit of large numbers", () => {
  const { verifier } = setUp();
  const token = forge({ alg: "HS256" }, `{"nameid":12345678901234567890,"list":[9007199254740993],"exp":${start + 60}}`);
  expect(verifier.verify(token)).toEqual({ nameid: 12345678901234567890n, list: [9007199254740993n], exp: start + 60 });
});
