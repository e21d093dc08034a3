import type { NegotiateOptions } from "@signalbox/management";
import type { BindingContext } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { property, textProperty } from "../definition.ts";
import { claimsFromToken } from "./id-token.ts";

/** What the properties of a binding that makes a client's token say. */
export function negotiateOptions(definition: BindingDefinition, context: BindingContext): NegotiateOptions {
  const userId = resolved(definition, context, "userId");
  const idToken = resolved(definition, context, "idToken");
  const claimTypes = property(definition, "claimTypeList");
  const lifetime = Number(property(definition, "tokenLifetimeSeconds") ?? 0);
  return {
    ...(userId === undefined ? {} : { userId }),
    ...(idToken !== undefined && Array.isArray(claimTypes) ? { claims: claimsFromToken(idToken, claimTypes.map(String)) } : {}),
    ...(lifetime > 0 ? { lifetimeMs: lifetime * 1000 } : {}),
  };
}

/** Undefined when it is absent or empty. */
export function resolved(definition: BindingDefinition, context: BindingContext, name: string): string | undefined {
  const text = textProperty(definition, name);
  return (text && context.resolve(text)) || undefined;
}
