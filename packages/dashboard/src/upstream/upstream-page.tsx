import { useCallback, useEffect, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { Notice } from "../components/notice.tsx";
import { type Draft, type DraftField, moved, newDraft, shadowedBy, templateFor } from "./draft.ts";
import { JsonDialog } from "./json-dialog.tsx";
import { SaveBar } from "./save-bar.tsx";
import { SourcePanel } from "./source-panel.tsx";
import { AppendedCard, TemplateCard } from "./template-card.tsx";
import { TestBox } from "./test-box.tsx";
import { Untaken } from "./untaken.tsx";
import { useUpstream } from "./use-upstream.ts";

const none = {};

/** Where events go: the templates in force, editable, with their last calls and a box to try them. */
export function UpstreamPage({ onSignedOut }: { readonly onSignedOut: () => void }) {
  const [said, setSaid] = useState("");
  // The same sentence twice is said twice.
  const announce = useCallback(
    (sentence: string) => setSaid((last) => (last === sentence ? `${sentence}\u00a0` : sentence)),
    [],
  );
  const editing = useUpstream(onSignedOut, announce);
  const { view, drafts, setDrafts, dirty, problems, revealed, calls, save } = editing;
  const [hit, setHit] = useState<number>();
  const [asJson, setAsJson] = useState(false);

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      if (dirty) void save();
    };
    const onLeave = (event: BeforeUnloadEvent) => dirty && event.preventDefault();
    addEventListener("keydown", onKeyDown);
    addEventListener("beforeunload", onLeave);
    return () => {
      removeEventListener("keydown", onKeyDown);
      removeEventListener("beforeunload", onLeave);
    };
  }, [dirty, save]);

  if (view === undefined) return editing.failure === undefined ? null : <Notice kind="error">{editing.failure}</Notice>;

  const change = (at: number, field: DraftField, value: string) =>
    setDrafts(drafts.map((draft, index) => (index === at ? { ...draft, [field]: value } : draft)));
  const move = (from: number, to: number) => {
    // An element that moves in the page loses its focus.
    const focused = document.activeElement;
    setDrafts(moved(drafts, from, to));
    announce(`Template ${from + 1} is now number ${to + 1}.`);
    requestAnimationFrame(() => focused instanceof HTMLElement && focused.focus());
  };
  const insert = (at: number, draft: Draft) => {
    setDrafts([...drafts.slice(0, at), draft, ...drafts.slice(at)]);
    focusCard(draft.key);
  };
  const remove = (at: number) => {
    const rest = drafts.filter((_, index) => index !== at);
    setDrafts(rest);
    announce(`Template ${at + 1} deleted. Save to make it so, or discard.`);
    focusCard((rest[at] ?? rest.at(-1))?.key);
  };

  return (
    <>
      <div class="title">
        <h1>Upstream</h1>
        <span class="stretch" />
        <button type="button" aria-pressed={revealed} onClick={() => editing.setRevealed(!revealed)}>
          <Icon name="eye" /> {revealed ? "Hide keys" : "Show keys"}
        </button>
        <button type="button" onClick={() => setAsJson(true)}>
          <Icon name="paste" /> JSON
        </button>
        <button type="button" id="add-template" onClick={() => insert(drafts.length, newDraft())}>
          <Icon name="plus" /> Add template
        </button>
      </div>
      <SourcePanel view={view} onClear={editing.clear} />
      {!editing.connected && (
        <Notice kind="warning">The service cannot be reached just now. What you see may be old; trying again.</Notice>
      )}
      {editing.failure !== undefined && <Notice kind="error">{editing.failure}</Notice>}
      {editing.conflict && (
        <Notice kind="warning">
          Somebody else changed the templates since you began. Your edits are still here.{" "}
          <button type="button" onClick={editing.discard}>
            Show theirs
          </button>{" "}
          <button type="button" onClick={() => editing.save(true)}>
            Replace theirs with mine
          </button>
        </Notice>
      )}
      <div class="columns">
        <div>
          {drafts.length + view.appended.length === 0 && (
            <div class="card empty">
              <p>No templates: nobody hears when clients connect, disconnect or send.</p>
              <p class="muted">Add one, or paste the JSON of your function app's settings.</p>
            </div>
          )}
          <ol class="templates" aria-label="Templates, the first match takes an event">
            {drafts.map((draft, at) => (
              <TemplateCard
                key={draft.key}
                draft={draft}
                position={at}
                last={at === drafts.length - 1}
                hit={hit === at}
                shadow={shadowedBy(drafts.slice(0, at), draft)}
                problems={problems.get(draft.key) ?? none}
                calls={calls[draft.id ?? ""] ?? []}
                onChange={(field, value) => change(at, field, value)}
                onMove={(to) => move(at, to)}
                onDuplicate={() => insert(at + 1, newDraft({ ...draft }))}
                onDelete={() => remove(at)}
              />
            ))}
            {view.appended.map((template, at) => (
              <AppendedCard
                key={template.id}
                template={template}
                position={drafts.length + at}
                hit={hit === drafts.length + at}
                shadow={shadowedBy(drafts, template)}
                calls={calls[template.id] ?? []}
              />
            ))}
          </ol>
          <Untaken events={editing.untaken} onAdd={(event) => insert(drafts.length, templateFor(event))} />
          <p class="muted keys">
            Templates are tried from the top; the first match takes an event. <kbd>Alt</kbd> <kbd>↑</kbd> <kbd>↓</kbd> move a
            template, <kbd>Ctrl</kbd> <kbd>S</kbd> saves.
          </p>
        </div>
        <TestBox drafts={drafts} dirty={dirty} onMatch={setHit} onProblems={editing.showProblems} />
      </div>
      {dirty && <SaveBar durable={view.durable} saving={editing.saving} onSave={() => save()} onDiscard={editing.discard} />}
      <p class="unseen" role="status">
        {said}
      </p>
      {asJson && (
        <JsonDialog
          drafts={drafts}
          onClose={() => setAsJson(false)}
          onUse={(pasted) => {
            setDrafts(pasted);
            setAsJson(false);
            announce(`${pasted.length} templates taken over. Save to put them in force.`);
          }}
        />
      )}
    </>
  );
}

/** Its first field, once it is on the page; without a card the button that adds one. */
function focusCard(key: number | undefined): void {
  requestAnimationFrame(() => {
    const place = key === undefined ? "#add-template" : `[data-key="${key}"] input`;
    document.querySelector<HTMLElement>(place)?.focus();
  });
}
