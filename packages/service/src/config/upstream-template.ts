import { z } from "zod";

const pattern = z
  .string()
  .nullable()
  .prefault("*")
  // .NET configuration turns null into an empty text; both match nothing (reference serverless-upstream §2.2).
  .transform((text) => text ?? "")
  .describe("`*` for any, a name, or names separated by commas; absent: any");

/** Azure's authentication towards the upstream. */
const auth = z
  .preprocess(
    (value) => withCanonicalKeys(value, ["type"]),
    z.looseObject({
      type: z.string().regex(/^none$/i, "must be None: managed identities exist only inside Azure"),
    }),
  )
  .optional()
  .describe("Azure's authentication towards the upstream; only the type None works here");

const keys = ["hubPattern", "eventPattern", "categoryPattern", "urlTemplate", "auth"] as const;

/**
 * One upstream template, as the cloud's resource, the emulator's settings file and the raw-WebSocket page spell it: keys in any letter
 * case, patterns optional (reference serverless-upstream §2.1). A bare URL stands for a template that takes everything.
 */
const upstreamTemplate = z.preprocess(
  (value) => withCanonicalKeys(typeof value === "string" ? { urlTemplate: value } : value, keys),
  z
    .strictObject({
      hubPattern: pattern,
      eventPattern: pattern,
      categoryPattern: pattern,
      urlTemplate: z
        .string()
        .refine(isAbsolute, "must be an absolute http or https URL; {hub}, {category} and {event} are filled in")
        .refine(
          (text) => !text.includes("{@Microsoft.KeyVault("),
          "names a Key Vault secret, which only Azure can resolve: write the value itself",
        )
        .describe("The URL called; {hub}, {category} and {event} are replaced by percent-encoded values"),
      auth,
    })
    .transform(({ auth: _, ...template }) => template),
);

/** A list of templates; a bare URL stands for a list of one. */
export const upstreamTemplates = z.preprocess(
  (value) => (typeof value === "string" ? [value] : value),
  z.array(upstreamTemplate),
);

/** Where events go. Patterns are `*`, a name, or names separated by commas; an empty one matches nothing. */
export type UpstreamTemplate = Readonly<z.output<typeof upstreamTemplate>>;

function withCanonicalKeys(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, content]) => [
      names.find((name) => name.toLowerCase() === key.toLowerCase()) ?? key,
      content,
    ]),
  );
}

function isAbsolute(template: string): boolean {
  const url = URL.parse(template.replaceAll(/\{(hub|category|event)\}/g, "x"));
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "";
}
