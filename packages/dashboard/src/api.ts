import type {
  ApiError,
  LiveEvents,
  MatchRequest,
  MatchView,
  SessionView,
  TemplateDraft,
  TemplateProblem,
  TestRequest,
  TestView,
  UpstreamView,
} from "@signalbox/service";

/** An answer that is no success. The message is a sentence for whoever sits at the page. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  /** 0: no answer. */
  readonly status: number;
  readonly problems: readonly TemplateProblem[];

  constructor(status: number, { error, problems = [] }: ApiError) {
    super(error);
    this.status = status;
    this.problems = problems;
  }
}

/** The service's admin API. Each call rejects with an {@link ApiFailure}. */
export const api = {
  session: () => call<SessionView>("GET", "session"),
  signIn: (token: string) => call<SessionView>("POST", "session", { token }),
  signOut: () => call<SessionView>("DELETE", "session"),

  upstream: (reveal: boolean) => call<UpstreamView>("GET", `upstream${reveal ? "?reveal=true" : ""}`),
  /** @param version that the edit started from */
  saveUpstream: (templates: readonly TemplateDraft[], version: string) =>
    call<UpstreamView>("PUT", "upstream", { templates }, version),
  /** Back to the templates of the settings. */
  clearUpstream: (version: string) => call<UpstreamView>("DELETE", "upstream", undefined, version),
  parseTemplates: (text: string) => call<{ readonly templates: readonly TemplateDraft[] }>("POST", "upstream/parse", { text }),
  matchUpstream: (request: MatchRequest) => call<MatchView>("POST", "upstream/match", request),
  testUpstream: (request: TestRequest) => call<TestView>("POST", "upstream/test", request),
};

type LiveHandlers = { readonly [E in keyof LiveEvents]: (data: LiveEvents[E]) => void } & {
  /** The service refused, for example because the session has ended; it is asked again until this follows no more. */
  readonly refused: () => void;
};

/** Milliseconds until a refused page asks again. */
const retryDelay = 3_000;

/**
 * Follows what happens while the page can be seen; the browser connects again by itself. It grants a host few connections, so tabs in
 * the background give theirs back. Whoever connects is told the whole state first.
 * @param onState told when the connection opens and when it breaks
 * @returns ends it
 */
export function followUpstream(handlers: LiveHandlers, onState: (connected: boolean) => void): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    const opened = new EventSource("api/upstream/live");
    for (const event of ["changed", "calls", "untaken"] as const) {
      opened.addEventListener(event, ({ data }) => handlers[event](JSON.parse(data)));
    }
    opened.onopen = () => onState(true);
    opened.onerror = () => {
      onState(false);
      // A line that broke is the browser's to mend; after a refusal it gives up.
      if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
      source = undefined;
      retry = setTimeout(follow, retryDelay);
      handlers.refused();
    };
    return opened;
  };
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const follow = () => {
    if (document.hidden) close();
    else source ??= open();
  };
  follow();
  document.addEventListener("visibilitychange", follow);
  return () => {
    document.removeEventListener("visibilitychange", follow);
    close();
  };
}

async function call<T>(method: string, path: string, body?: unknown, version?: string): Promise<T> {
  const headers = new Headers();
  if (body !== undefined) headers.set("Content-Type", "application/json");
  if (version !== undefined) headers.set("If-Match", `"${version}"`);
  let response: Response;
  try {
    response = await fetch(`api/${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch {
    throw new ApiFailure(0, { error: "The service does not answer. Is it running?" });
  }
  const content = await response.json().catch(() => ({ error: `The service answered ${response.status}.` }));
  if (!response.ok) throw new ApiFailure(response.status, content as ApiError);
  return content as T;
}
