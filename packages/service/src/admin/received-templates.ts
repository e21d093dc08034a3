import { z } from "zod";
import { hasHiddenValues, hideValues, restoreValues } from "../backends/upstream/hidden-values.ts";
import { templateId } from "../backends/upstream/template-id.ts";
import type { TemplateSet } from "../backends/upstream/template-set.ts";
import { checkTemplates, type TemplateProblem } from "../config/template-check.ts";
import type { UpstreamTemplate } from "../config/upstream-template.ts";
import type { TemplateDraft } from "./contract.ts";

const draft = z.looseObject({ id: z.string().optional(), urlTemplate: z.string() });

/**
 * Templates as a page sends them: the ids go, hidden values come back from where they were, and the rules of the settings hold.
 * @param value a list, or an object with a list `templates`
 */
export function receiveTemplates(
  value: unknown,
  set: TemplateSet,
): { readonly templates: readonly UpstreamTemplate[] } | { readonly problems: readonly TemplateProblem[] } {
  const originals = originalsOf(set);
  const checked = checkTemplates(Array.isArray(value) ? value.map((item) => restored(item, originals)) : value);
  if ("problems" in checked) return checked;
  const unknown = checked.templates.flatMap(({ urlTemplate }, position) =>
    hasHiddenValues(urlTemplate)
      ? [{ position, field: "urlTemplate", message: "has a hidden value ***: type the real one" }]
      : [],
  );
  return unknown.length > 0 ? { problems: unknown } : checked;
}

/**
 * Templates that somebody pastes, as drafts: what is hidden in them stays hidden, and an id says where it comes from.
 * @param value a list
 */
export function draftsOf(
  value: unknown,
  set: TemplateSet,
): { readonly templates: readonly TemplateDraft[] } | { readonly problems: readonly TemplateProblem[] } {
  const received = receiveTemplates(value, set);
  if ("problems" in received) return received;
  const written = checkTemplates(value);
  if ("problems" in written) return written;
  const hiding = new Map(originalsOf(set).map((template) => [hideValues(template.urlTemplate), templateId(template)]));
  return {
    templates: written.templates.map((template) => {
      const id = hiding.get(template.urlTemplate);
      return id === undefined ? template : { ...template, id };
    }),
  };
}

function originalsOf(set: TemplateSet): readonly UpstreamTemplate[] {
  return [...set.editable, ...set.given.templates];
}

function restored(item: unknown, originals: readonly UpstreamTemplate[]): unknown {
  const parsed = draft.safeParse(typeof item === "string" ? { urlTemplate: item } : item);
  if (!parsed.success) return item;
  const { id, ...fields } = parsed.data;
  const original = originals.find((template) =>
    id === undefined ? hideValues(template.urlTemplate) === fields.urlTemplate : templateId(template) === id,
  );
  return original === undefined ? fields : { ...fields, urlTemplate: restoreValues(fields.urlTemplate, original.urlTemplate) };
}
