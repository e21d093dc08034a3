import { isLoopback } from "@signalbox/transport";
import type { z } from "zod";
import { entriesByPath, nested } from "./catalogue.ts";
import type { GivenValue } from "./given.ts";
import { issuePhrase, place } from "./issue-phrase.ts";
import { developmentKey, type Settings, settingsSchema } from "./settings.ts";

/** Either the settings, or a sentence for each value that is wrong. */
type Checked =
  | { readonly settings: Settings; readonly problems: readonly [] }
  | { readonly settings?: never; readonly problems: readonly string[] };

/** Checks merged values, fills in defaults, and derives what depends on other settings. Sentences do not repeat secrets. */
export function checkSettings(given: ReadonlyMap<string, GivenValue>): Checked {
  const values = nested([...given].map(([path, { value }]) => [path, value]));
  const parsed = settingsSchema.safeParse(values, { reportInput: true });
  if (!parsed.success) return { problems: [...new Set(parsed.error.issues.map((issue) => sentence(issue, given)))] };
  const settings = parsed.data;
  const problems = contradictions(settings);
  if (problems.length > 0) return { problems };
  return { settings: { ...settings, adminPort: settings.adminPort ?? adminPortBeside(settings.port) }, problems: [] };
}

function sentence(issue: z.core.$ZodIssue, given: ReadonlyMap<string, GivenValue>): string {
  const names = issue.path.map(String);
  const entry = names
    .map((_, index) => entriesByPath.get(names.slice(0, index + 1).join(".")))
    .find((found) => found !== undefined);
  const source = entry && given.get(entry.path);
  // Every setting has an entry, and only what was given can be wrong.
  if (entry === undefined || source === undefined) return issue.message;
  const inner = issue.path.slice(entry.path.split(".").length);
  if (inner.length > 0 && entry.info.reads === "json") return `${source.name}: ${place(inner)} ${issuePhrase(issue)}.`;
  const value = entry.info.secret ? "" : `, not ${JSON.stringify(source.value)}`;
  return `${source.name} must be ${entry.info.expects}${value}.`;
}

/** What no single setting can tell. */
function contradictions(settings: z.output<typeof settingsSchema>): string[] {
  const problems: string[] = [];
  const { tls, accessKeys, upstream } = settings;
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    problems.push(`tls.${tls.cert === undefined ? "cert" : "key"} is missing: TLS needs tls.cert and tls.key.`);
  }
  if (tls.requestCertificate && tls.cert === undefined) {
    problems.push(
      "tls.requestCertificate asks clients for certificates, which they show over TLS alone: set tls.cert and tls.key.",
    );
  }
  if (accessKeys.primary === accessKeys.secondary) problems.push("accessKeys.primary and accessKeys.secondary must differ.");
  if (upstream.retries.baseDelay > upstream.retries.maxDelay) {
    problems.push("upstream.retries.baseDelay must not be longer than upstream.retries.maxDelay.");
  }
  if (settings.port !== 0 && settings.port === settings.adminPort) problems.push("port and adminPort must differ.");
  if (!isLoopback(settings.adminIp) && settings.adminToken === undefined) {
    problems.push(
      `Whoever reaches the admin port can change where events go, so it is not opened on ${settings.adminIp} without a token: set adminToken (SIGNALBOX_ADMIN_TOKEN) to at least 32 characters.`,
    );
  }
  const wellKnown = accessKeys.primary === developmentKey || accessKeys.secondary === developmentKey;
  if (wellKnown && !isLoopback(settings.ip) && !settings.allowDevelopmentKey) {
    problems.push(
      `Everybody knows the development key, so it is not used on ${settings.ip}: set accessKeys.primary (SIGNALBOX_ACCESS_KEYS_PRIMARY) to a key of your own, or allow it with --allow-development-key.`,
    );
  }
  return problems;
}

function adminPortBeside(port: number): number {
  if (port === 0) return 0;
  return port === 65_535 ? port - 1 : port + 1;
}
