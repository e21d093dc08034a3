interface SaveBarProps {
  readonly durable: boolean;
  readonly saving: boolean;
  readonly onSave: () => void;
  readonly onDiscard: () => void;
}

/** Stays in sight while there is something to save. */
export function SaveBar({ durable, saving, onSave, onDiscard }: SaveBarProps) {
  return (
    <section class="save-bar" aria-label="Unsaved changes">
      <span>
        <strong>Unsaved changes</strong>{" "}
        <span class="muted">{durable ? "Saving puts them in force at once." : "Saved in memory: until the process ends."}</span>
      </span>
      <span class="stretch" />
      <button type="button" onClick={onDiscard}>
        Discard
      </button>
      <button type="button" class="primary" disabled={saving} onClick={onSave}>
        {saving ? "Saving…" : "Save"}
      </button>
    </section>
  );
}
