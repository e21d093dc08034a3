import { createHash } from "node:crypto";
import type { UpstreamTemplate } from "./template.ts";

const known = new WeakMap<UpstreamTemplate, string>();

/**
 * A name for a template, made of its content: the same after a restart and at another place in the list, another one after an edit.
 * Of two templates that are alike the second is never called, so they may share it.
 */
export function templateId(template: UpstreamTemplate): string {
  let id = known.get(template);
  if (id === undefined) {
    const { hubPattern, categoryPattern, eventPattern, urlTemplate } = template;
    id = digest([hubPattern ?? null, categoryPattern ?? null, eventPattern ?? null, urlTemplate]);
    known.set(template, id);
  }
  return id;
}

/** A short hash of something that JSON can write. */
export function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}
