import type { RecentCall } from "../backends/upstream/recent-calls.ts";
import type { UntakenEvent } from "../backends/upstream/untaken-events.ts";
import type { TemplateProblem } from "../config/template-check.ts";

// The JSON of the admin API, shared with the page in packages/dashboard. Types only.

export type { RecentCall, TemplateProblem, UntakenEvent };

export interface TemplateView {
  /** Made of the content; names the template in calls and tells an edited one where its hidden values come from. */
  readonly id: string;
  readonly hubPattern: string;
  readonly categoryPattern: string;
  readonly eventPattern: string;
  /** Secrets in it are `***` unless the request asked to reveal them. */
  readonly urlTemplate: string;
}

export interface UpstreamView {
  /** Changes with the templates in force; also the `ETag`. */
  readonly version: string;
  /** Where the editable templates come from. */
  readonly source: "settings" | "dashboard";
  /** When they were saved on the dashboard, milliseconds since 1970. */
  readonly savedAt?: number;
  /** False: what is saved ends with the process. */
  readonly durable: boolean;
  readonly templates: readonly TemplateView[];
  /** Tried last, not editable, each with the name of who added it. */
  readonly appended: readonly (TemplateView & { readonly origin: string })[];
  readonly settings: {
    /** The source that names templates, such as a path or an environment variable; absent: none does. */
    readonly origin?: string;
    readonly templates: readonly TemplateView[];
  };
}

/** A template as it comes from the page. With `id` hidden values come from that template, otherwise from one that looks the same. */
export type TemplateDraft = Omit<TemplateView, "id"> & { readonly id?: string };

/** An event and, optionally, templates to try instead of those in force. */
export interface MatchRequest {
  readonly hub: string;
  readonly category: "connections" | "messages";
  readonly event: string;
  readonly templates?: readonly TemplateDraft[];
}

export interface MatchView {
  /** Of the template hit, from 0, the appended ones counted behind the others; absent: nobody hears of the event. */
  readonly position?: number;
  /** Hidden values stay hidden. Absent when `error` says why there is none. */
  readonly url?: string;
  readonly error?: string;
}

export interface TestRequest extends MatchRequest {
  readonly userId?: string;
  /** Absent: what a SignalR client with the JSON protocol causes. */
  readonly body?: string;
  readonly contentType?: string;
}

export interface TestView extends MatchView {
  /** Absent when no template is hit or its URL cannot be called. */
  readonly sent?: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  /** `status` absent: no answer; `error` says why. */
  readonly answer?: {
    readonly status?: number;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string;
    readonly durationMs: number;
    readonly error?: string;
  };
}

/** Every error answer. */
export interface ApiError {
  readonly error: string;
  /** With 422. */
  readonly problems?: readonly TemplateProblem[];
}

export interface SessionView {
  readonly tokenNeeded: boolean;
  readonly signedIn: boolean;
}

/**
 * Server-sent events of `/api/upstream/live`: `changed` when the templates in force changed, `calls` by template id, newest first, `untaken`
 * the events that no template takes, latest first.
 */
export interface LiveEvents {
  readonly changed: { readonly version: string };
  readonly calls: Readonly<Record<string, readonly RecentCall[]>>;
  readonly untaken: readonly UntakenEvent[];
}
