import { z } from "zod";
import { hasHiddenValues, hideValues, restoreValues } from "../backends/upstream/hidden-values.ts";
import { templateId } from "../backends/upstream/template-id.ts";
import type { TemplateSet } from "../backends/upstream/template-set.ts";
import { checkTemplates, type TemplateProblem } from "../config/template-check.ts";
import type { UpstreamTemplate } from "../config/upstream-template.ts";

const draft = z.looseObject({ id: z.string().optional(), urlTemplate: z.string() });

/**
 * Templates as a page sends them: the ids go, hidden values come back from where they were, and the rules of the settings hold.
 * @param value a list, or an object with a list `templates`
 */
export function receiveTemplates(
  value: unknown,
  set: TemplateSet,
): { readonly templates: readonly UpstreamTemplate[] } | { readonly problems: readonly TemplateProblem[] } {
  const originals = [...set.editable, ...set.given.templates];
  const checked = checkTemplates(Array.isArray(value) ? value.map((item) => restored(item, originals)) : value);
  if ("problems" in checked) return checked;
  const unknown = checked.templates.flatMap(({ urlTemplate }, position) =>
    hasHiddenValues(urlTemplate)
      ? [{ position, field: "urlTemplate", message: "has a hidden value ***: type the real one" }]
      : [],
  );
  return unknown.length > 0 ? { problems: unknown } : checked;
}

function restored(item: unknown, originals: readonly UpstreamTemplate[]): unknown {
  const parsed = draft.safeParse(item);
  if (!parsed.success) return item;
  const { id, ...fields } = parsed.data;
  const original = originals.find((template) =>
    id === undefined ? hideValues(template.urlTemplate) === fields.urlTemplate : templateId(template) === id,
  );
  return original === undefined ? fields : { ...fields, urlTemplate: restoreValues(fields.urlTemplate, original.urlTemplate) };
}
