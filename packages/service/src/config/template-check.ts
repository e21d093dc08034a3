import { parseSettingsFile } from "./file.ts";
import { issuePhrase } from "./issue-phrase.ts";
import { SettingsError } from "./settings-error.ts";
import { type UpstreamTemplate, upstreamTemplates } from "./upstream-template.ts";

/** What is wrong with a list of templates, or with one of them, or with one field of it. */
export interface TemplateProblem {
  /** Of the template in the list, from 0; undefined: the list itself. */
  readonly position: number | undefined;
  /** Undefined: the template as a whole. */
  readonly field: string | undefined;
  /** A phrase to follow the field's name: "must be an absolute http or https URL". */
  readonly message: string;
}

/** By the rules that hold for the setting `upstream.templates`. */
export function checkTemplates(
  value: unknown,
): { readonly templates: readonly UpstreamTemplate[] } | { readonly problems: readonly TemplateProblem[] } {
  const parsed = upstreamTemplates.safeParse(value, { reportInput: true });
  if (parsed.success) return { templates: parsed.data };
  return {
    problems: parsed.error.issues.map((issue) => {
      const [position, field] = issue.path;
      return {
        position: typeof position === "number" ? position : undefined,
        field: field === undefined ? undefined : String(field),
        message: issuePhrase(issue),
      };
    }),
  };
}

/**
 * The templates in a text that somebody pastes: a bare array, or an object in any spelling that a settings file may have (reference
 * serverless-upstream §2.1), comments and trailing commas included. Unchecked.
 * @throws {SettingsError} when there are none to be found
 */
export function templatesInText(text: string): unknown {
  const source = "the text";
  const { values, problems } = parseSettingsFile(/^\s*\[/.test(text) ? `{"templates":${text}}` : text, source);
  const templates = values.get("upstream.templates");
  if (templates !== undefined) return templates.value;
  throw new SettingsError(problems.length > 0 ? problems : [`There are no templates in ${source}.`]);
}
