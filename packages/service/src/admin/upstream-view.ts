import { hideValues } from "../backends/upstream/hidden-values.ts";
import { digest, templateId } from "../backends/upstream/template-id.ts";
import type { TemplateSet } from "../backends/upstream/template-set.ts";
import type { UpstreamTemplate } from "../config/upstream-template.ts";
import type { TemplateView, UpstreamView } from "./contract.ts";

/** Names what is in force and where it comes from, over restarts too: an edit that starts from it may replace it, no other. */
export function versionOf(set: TemplateSet): string {
  return digest([set.saved === undefined ? "settings" : "dashboard", set.editable.map(templateId)]);
}

/** @param reveal false: secrets in URLs become `***` */
export function upstreamView(set: TemplateSet, durable: boolean, reveal: boolean): UpstreamView {
  const { saved, given, appended, editable } = set;
  const view = (template: UpstreamTemplate): TemplateView => ({
    id: templateId(template),
    hubPattern: template.hubPattern,
    categoryPattern: template.categoryPattern,
    eventPattern: template.eventPattern,
    urlTemplate: reveal ? template.urlTemplate : hideValues(template.urlTemplate),
  });
  return {
    version: versionOf(set),
    ...(saved === undefined ? { source: "settings" } : { source: "dashboard", savedAt: saved.savedAt }),
    durable,
    templates: editable.map(view),
    appended: appended.map(({ template, origin }) => ({ ...view(template), origin })),
    settings: {
      ...(given.origin === undefined ? {} : { origin: given.origin }),
      templates: given.templates.map(view),
    },
  };
}
