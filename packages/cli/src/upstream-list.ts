import { hideValues, type UpstreamTemplate } from "@signalbox/service";

/** The templates as the emulator prints them (reference serverless-upstream §7), one a line. */
export function upstreamList(templates: readonly UpstreamTemplate[]): string {
  if (templates.length === 0) return "\tnone: `signalbox upstream init` writes a settings.json to start from";
  return templates
    .map(
      ({ urlTemplate, eventPattern, hubPattern, categoryPattern }, at) =>
        `\t[${at}] ${urlTemplate}(event:'${eventPattern}',hub:'${hubPattern}',category:'${categoryPattern}')`,
    )
    .join("\n");
}

/** The same with passwords and the values of URL queries hidden: function keys live there, and logs are kept. */
export function withoutSecrets(templates: readonly UpstreamTemplate[]): readonly UpstreamTemplate[] {
  return templates.map((template) => ({ ...template, urlTemplate: hideValues(template.urlTemplate) }));
}
