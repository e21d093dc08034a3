import { stringifyJson } from "@signalbox/protocol";
import { inboundClaimTypes, nameIdentifier } from "./claim-types.ts";
import type { TokenPayload } from "./token-verifier.ts";

/** One statement of a token. Arrays become several claims of one type, objects their JSON text. */
export interface Claim {
  readonly type: string;
  readonly value: string;
}

/**
 * All claims of a token, standard and `asrs.s.*` ones included, in the token's order, with the types that .NET maps short names to
 * (reference emulator-observed §5). Numbers and booleans are their JSON text, null is the empty text.
 */
export function claimsOf(payload: TokenPayload): readonly Claim[] {
  const claims: Claim[] = [];
  for (const [name, value] of Object.entries(payload)) {
    const type = inboundClaimTypes.get(name) ?? name;
    if (Array.isArray(value)) {
      for (const item of value) claims.push({ type, value: textOf(item) });
    } else {
      claims.push({ type, value: textOf(value) });
    }
  }
  return claims;
}

/**
 * Who the token speaks of: `asrs.s.uid`, else the first of `nameid` and `sub` in the token's order (reference serverless-upstream §1.2).
 * Undefined, and so is an empty id, means an anonymous client.
 */
export function userIdOf(payload: TokenPayload): string | undefined {
  let id = firstText(payload["asrs.s.uid"]);
  for (const name in payload) {
    if (id !== undefined) break;
    if (name === nameIdentifier || inboundClaimTypes.get(name) === nameIdentifier) id = firstText(payload[name]);
  }
  return id || undefined;
}

/** The value of a name's first claim; undefined when there is none. */
function firstText(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return first === undefined ? undefined : textOf(first);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null ? "" : stringifyJson(value);
}
