import type { TemplateDraft, TemplateProblem, TemplateView, UntakenEvent } from "@signalbox/service";

/** A template as it stands on the page, saved or not. */
export interface Draft extends TemplateDraft {
  /** Stays while the draft is edited, moved and saved. */
  readonly key: number;
}

export type DraftField = "hubPattern" | "categoryPattern" | "eventPattern" | "urlTemplate";

export const patternFields = ["hubPattern", "categoryPattern", "eventPattern"] as const;
const fields: readonly DraftField[] = [...patternFields, "urlTemplate"];

/** What is wrong, by field; under `all` what concerns the template as a whole. */
export type DraftProblems = Readonly<Partial<Record<DraftField | "all", string>>>;

let lastKey = 0;

export function newDraft(template?: TemplateDraft): Draft {
  lastKey += 1;
  return { hubPattern: "*", categoryPattern: "*", eventPattern: "*", urlTemplate: "", ...template, key: lastKey };
}

/** What the API takes. */
export function toTemplate({ key: _, ...template }: Draft): TemplateDraft {
  return template;
}

export function sameTemplates(drafts: readonly Draft[], templates: readonly TemplateView[]): boolean {
  return drafts.length === templates.length && drafts.every((draft, at) => sameFields(draft, templates[at]!));
}

function sameFields(one: TemplateDraft, other: TemplateDraft): boolean {
  return fields.every((field) => one[field] === other[field]);
}

/** The list with the draft at `from` moved to `to`. */
export function moved(drafts: readonly Draft[], from: number, to: number): readonly Draft[] {
  const rest = drafts.filter((_, at) => at !== from);
  return [...rest.slice(0, to), drafts[from]!, ...rest.slice(to)];
}

/** The beginning of a template that takes an event and others of its hub. A comma in a hub's name would separate patterns. */
export function templateFor({ hub }: UntakenEvent): Draft {
  return newDraft({ hubPattern: hub.includes(",") ? "*" : hub, categoryPattern: "*", eventPattern: "*", urlTemplate: "" });
}

/** The place of an earlier template that takes all that a later one could, when there is one so plain to see. */
export function shadowedBy(earlier: readonly TemplateDraft[], later: TemplateDraft): number | undefined {
  const found = earlier.findIndex((draft) =>
    patternFields.every((field) => draft[field] === "*" || draft[field] === later[field]),
  );
  return found < 0 ? undefined : found;
}

/** Problems by the key of their draft. */
export function problemsByKey(
  drafts: readonly Draft[],
  problems: readonly TemplateProblem[],
): ReadonlyMap<number, DraftProblems> {
  const byKey = new Map<number, DraftProblems>();
  for (const { position, field, message } of problems) {
    const draft = position === undefined ? undefined : drafts[position];
    if (draft === undefined) continue;
    const place = fields.find((known) => known === field) ?? "all";
    byKey.set(draft.key, { [place]: `${message[0]!.toUpperCase()}${message.slice(1)}.`, ...byKey.get(draft.key) });
  }
  return byKey;
}

/** Names that occur in patterns, for suggestions. */
export function namesIn(drafts: readonly Draft[], field: DraftField): readonly string[] {
  const names = drafts.flatMap((draft) => draft[field].split(",").map((name) => name.trim()));
  return [...new Set(names)].filter((name) => name !== "" && name !== "*");
}
