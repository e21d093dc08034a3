import type { RecentCall, TemplateProblem, UntakenEvent, UpstreamView } from "@signalbox/service";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type ApiFailure, api, followUpstream } from "../api.ts";
import { type Draft, type DraftProblems, newDraft, problemsByKey, sameTemplates, toTemplate } from "./draft.ts";

type CallsById = Readonly<Record<string, readonly RecentCall[]>>;

/** The templates in force, the edits on this page, and what becomes of both. */
export interface UpstreamEditing {
  /** As the service last told; undefined until it has. */
  readonly view: UpstreamView | undefined;
  readonly drafts: readonly Draft[];
  readonly setDrafts: (drafts: readonly Draft[]) => void;
  readonly dirty: boolean;
  /** The templates were changed elsewhere since this edit began. */
  readonly conflict: boolean;
  readonly problems: ReadonlyMap<number, DraftProblems>;
  /** Shows what a check found while somebody types. */
  readonly showProblems: (problems: readonly TemplateProblem[]) => void;
  /** A sentence about what went wrong last. */
  readonly failure: string | undefined;
  readonly saving: boolean;
  /** Secrets in URLs are shown. */
  readonly revealed: boolean;
  readonly setRevealed: (revealed: boolean) => void;
  /** @param overwrite whatever was saved elsewhere meanwhile */
  readonly save: (overwrite?: boolean) => Promise<void>;
  /** Gives up the edits and shows what is in force. */
  readonly discard: () => Promise<void>;
  /** Back to the templates of the settings. */
  readonly clear: () => Promise<void>;
  readonly calls: CallsById;
  /** Events that no template in force takes, latest first. */
  readonly untaken: readonly UntakenEvent[];
  readonly connected: boolean;
}

/** @param onSignedOut the service asks for its token again */
export function useUpstream(onSignedOut: () => void, announce: (sentence: string) => void): UpstreamEditing {
  const [view, setView] = useState<UpstreamView>();
  const [drafts, setDrafts] = useState<readonly Draft[]>([]);
  const [latest, setLatest] = useState<string>();
  const [problems, setProblems] = useState<ReadonlyMap<number, DraftProblems>>(new Map());
  const [failure, setFailure] = useState<string>();
  const [saving, setSaving] = useState(false);
  const [revealed, setRevealed] = useState(false);
  const [calls, setCalls] = useState<CallsById>({});
  const [untaken, setUntaken] = useState<readonly UntakenEvent[]>([]);
  const [connected, setConnected] = useState(true);

  const dirty = useMemo(() => view !== undefined && !sameTemplates(drafts, view.templates), [drafts, view]);
  const now = useRef({ view, drafts, dirty, revealed });
  now.current = { view, drafts, dirty, revealed };

  /** Shows what is in force; drafts keep their keys, so focus stays where it is. */
  const show = useCallback((next: UpstreamView) => {
    setView(next);
    setLatest(next.version);
    setDrafts((old) => next.templates.map((template, at) => ({ ...template, key: old[at]?.key ?? newDraft().key })));
    setProblems(new Map());
    setFailure(undefined);
  }, []);

  const attempt = useCallback(
    async (action: () => Promise<void>) => {
      try {
        await action();
      } catch (error) {
        const { status, message, problems } = error as ApiFailure;
        if (status === 401) onSignedOut();
        if (status === 412) setLatest(undefined);
        else setFailure(message);
        setProblems(problemsByKey(now.current.drafts, problems ?? []));
      }
    },
    [onSignedOut],
  );

  const discard = useCallback(() => attempt(async () => show(await api.upstream(now.current.revealed))), [attempt, show]);

  /** Edits stay, also those made while the answer was on its way. */
  const refresh = useCallback(
    () =>
      attempt(async () => {
        if (now.current.dirty) return;
        const next = await api.upstream(now.current.revealed);
        if (now.current.dirty) setLatest(next.version);
        else show(next);
      }),
    [attempt, show],
  );

  const reveal = useCallback(
    (revealed: boolean) =>
      attempt(async () => {
        const next = await api.upstream(revealed);
        setRevealed(revealed);
        if (!now.current.dirty) return show(next);
        // Edits stay; what has not been touched changes its looks.
        const { view, drafts } = now.current;
        const urlOf = (shown: UpstreamView | undefined, id: string | undefined) =>
          shown?.templates.find((template) => template.id === id)?.urlTemplate;
        setDrafts(
          drafts.map((draft) =>
            draft.urlTemplate === urlOf(view, draft.id)
              ? { ...draft, urlTemplate: urlOf(next, draft.id) ?? draft.urlTemplate }
              : draft,
          ),
        );
        if (next.version === view?.version) setView(next);
      }),
    [attempt, show],
  );

  const save = useCallback(
    (overwrite = false) =>
      attempt(async () => {
        setSaving(true);
        try {
          const { view, drafts, revealed } = now.current;
          const base = overwrite ? (await api.upstream(false)).version : view!.version;
          const saved = await api.saveUpstream(drafts.map(toTemplate), base);
          show(revealed ? await api.upstream(true) : saved);
          announce("Saved. New events go by these templates.");
        } finally {
          setSaving(false);
        }
      }),
    [attempt, show, announce],
  );

  const clear = useCallback(
    () =>
      attempt(async () => {
        await api.clearUpstream(now.current.view!.version);
        show(await api.upstream(now.current.revealed));
        announce("The templates of the settings are in force again.");
      }),
    [attempt, show, announce],
  );

  useEffect(() => void discard(), [discard]);
  useEffect(
    () =>
      followUpstream(
        {
          changed: ({ version }) => {
            setLatest(version);
            if (version !== now.current.view?.version) void refresh();
          },
          calls: (changed) => setCalls((known) => ({ ...known, ...changed })),
          untaken: setUntaken,
          refused: onSignedOut,
        },
        setConnected,
      ),
    [refresh, onSignedOut],
  );

  return {
    view,
    drafts,
    setDrafts,
    dirty,
    conflict: view !== undefined && dirty && latest !== view.version,
    problems,
    showProblems: (found) =>
      setProblems(
        problemsByKey(
          drafts,
          found.filter((problem) => !isUnbegun(drafts, problem)),
        ),
      ),
    failure,
    saving,
    revealed,
    setRevealed: reveal,
    save,
    discard,
    clear,
    calls,
    untaken,
    connected,
  };
}

/** Nobody needs to be told that a URL is missing before he has begun to type it. */
function isUnbegun(drafts: readonly Draft[], { position, field }: TemplateProblem): boolean {
  return field === "urlTemplate" && position !== undefined && drafts[position]?.urlTemplate === "";
}
