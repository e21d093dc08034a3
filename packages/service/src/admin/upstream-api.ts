import { type Context, Hono } from "hono";
import { z } from "zod";
import type { UpstreamOptions } from "../backends/upstream/options.ts";
import type { RecentCalls } from "../backends/upstream/recent-calls.ts";
import type { TemplateSet } from "../backends/upstream/template-set.ts";
import type { UntakenEvents } from "../backends/upstream/untaken-events.ts";
import { SettingsError } from "../config/settings-error.ts";
import { type TemplateProblem, templatesInText } from "../config/template-check.ts";
import type { UpstreamTemplate } from "../config/upstream-template.ts";
import type { ApiError } from "./contract.ts";
import { jsonBody } from "./json-body.ts";
import { liveUpdates } from "./live-updates.ts";
import { draftsOf, receiveTemplates } from "./received-templates.ts";
import { eventName, matchTemplate, testEvent, UpstreamTests } from "./upstream-tests.ts";
import { upstreamView, versionOf } from "./upstream-view.ts";

export interface UpstreamApiParts {
  readonly templates: TemplateSet;
  readonly calls: RecentCalls;
  readonly untaken: UntakenEvents;
  /** False: what is saved ends with the process. */
  readonly durable: boolean;
  readonly options: () => UpstreamOptions;
  /** The access keys that sign test events, the primary first. */
  readonly keys: () => readonly string[];
  /** Asked again and again while updates are sent. */
  readonly isSignedIn: (context: Context) => boolean;
}

/** The part of the admin API about upstream templates; shapes in `contract.ts`, described in docs/dashboard.md. */
export function upstreamApi({ templates: set, calls, untaken, durable, options, keys, isSignedIn }: UpstreamApiParts): Hono {
  const api = new Hono();
  const tests = new UpstreamTests();

  api.get("/", (context) => view(context, context.req.query("reveal") === "true"));

  api.put("/", async (context) => {
    const body = await jsonBody(context, z.union([z.array(z.unknown()), z.looseObject({ templates: z.unknown() })]));
    // From here on nothing is waited for, so nobody saves in between.
    const refusal = outdated(context);
    if (refusal !== undefined) return refusal;
    const received = receiveTemplates(Array.isArray(body) ? body : body.templates, set);
    if ("problems" in received) return invalid(context, received.problems);
    set.save(received.templates);
    return view(context, false);
  });

  api.delete("/", (context) => {
    const refusal = outdated(context);
    if (refusal !== undefined) return refusal;
    set.clear();
    return view(context, false);
  });

  api.post("/parse", async (context) => {
    const { text } = await jsonBody(context, z.object({ text: z.string() }));
    try {
      const drafts = draftsOf(templatesInText(text), set);
      return "problems" in drafts ? invalid(context, drafts.problems) : context.json(drafts);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      return context.json({ error: error.message } satisfies ApiError, 422);
    }
  });

  api.post("/match", async (context) => {
    const body = await jsonBody(context, eventName.extend({ templates: z.unknown().optional() }));
    const candidates = candidatesIn(body.templates);
    if ("problems" in candidates) return invalid(context, candidates.problems);
    return context.json(matchTemplate(candidates.templates, body).view);
  });

  api.post("/test", async (context) => {
    const body = await jsonBody(context, testEvent.extend({ templates: z.unknown().optional() }));
    const candidates = candidatesIn(body.templates);
    if ("problems" in candidates) return invalid(context, candidates.problems);
    return context.json(await tests.send(candidates.templates, body, keys(), options()));
  });

  api.get("/live", (context) => liveUpdates(context, { set, calls, untaken }, () => isSignedIn(context)));

  /** Those in force, or the given ones with the appended behind them. */
  function candidatesIn(
    given: unknown,
  ): { readonly templates: readonly UpstreamTemplate[] } | { readonly problems: readonly TemplateProblem[] } {
    if (given === undefined) return { templates: set.inForce };
    const received = receiveTemplates(given, set);
    if ("problems" in received) return received;
    return { templates: [...received.templates, ...set.appended.map(({ template }) => template)] };
  }

  function view(context: Context, reveal: boolean): Response {
    context.header("ETag", `"${versionOf(set)}"`);
    return context.json(upstreamView(set, durable, reveal));
  }

  /** Whoever changes the templates says by `If-Match` which ones he has seen. */
  function outdated(context: Context): Response | undefined {
    const match = context.req.header("if-match");
    if (match === undefined) {
      return context.json({ error: "Say in If-Match which version this change starts from: its ETag, or *." }, 428);
    }
    if (match === "*" || match === `"${versionOf(set)}"`) return undefined;
    return context.json({ error: "The templates were changed elsewhere in the meantime. Nothing was saved." }, 412);
  }

  return api;
}

function invalid(context: Context, problems: readonly TemplateProblem[]): Response {
  const [first] = problems;
  const where = first?.position === undefined ? "The list" : `Template ${first.position + 1}`;
  const error = `${where}: ${[first?.field, first?.message].filter((part) => part !== undefined).join(" ")}.`;
  return context.json({ error, problems } satisfies ApiError, 422);
}
