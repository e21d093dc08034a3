import type { z } from "zod";

/** What is wrong with a value inside a list or object, to follow its name: "is missing", "must be a string". */
export function issuePhrase(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `has the unknown key ${issue.keys.join(", ")}`;
  if (issue.code === "invalid_type") return issue.input === undefined ? "is missing" : `must be a ${issue.expected}`;
  return issue.message;
}

/** `[0].urlTemplate` */
export function place(path: readonly PropertyKey[]): string {
  return path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
}
