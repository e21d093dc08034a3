import { useState } from "preact/hooks";
import { type ApiFailure, api } from "../api.ts";
import { Dialog } from "../components/dialog.tsx";
import { TextField } from "../components/text-field.tsx";
import { type Draft, newDraft, toTemplate } from "./draft.ts";

interface JsonDialogProps {
  readonly drafts: readonly Draft[];
  readonly onUse: (drafts: readonly Draft[]) => void;
  readonly onClose: () => void;
}

/** The templates as JSON, to be copied, or replaced by what somebody pastes. */
export function JsonDialog({ drafts, onUse, onClose }: JsonDialogProps) {
  const current = JSON.stringify({ templates: drafts.map(toTemplate).map(({ id: _, ...fields }) => fields) }, null, 2);
  const [text, setText] = useState(current);
  const [problem, setProblem] = useState<string>();
  const [copied, setCopied] = useState(false);

  const use = () =>
    api.parseTemplates(text).then(
      ({ templates }) => onUse(templates.map(newDraft)),
      (error: ApiFailure) => setProblem(error.message),
    );
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <Dialog title="Templates as JSON" onClose={onClose}>
      <p class="muted">
        Paste <code>{'{"templates": […]}'}</code>, a bare list, an emulator's <code>settings.json</code> or Azure's resource.
        Hidden keys (<code>***</code>) stay what they are.
      </p>
      <TextField
        wide
        lines={16}
        label="JSON"
        value={text}
        problem={problem}
        onChange={(value) => {
          setText(value);
          setProblem(undefined);
        }}
      />
      <div class="actions">
        {/* Browsers lend their clipboard to https and localhost only. */}
        {isSecureContext && (
          <button type="button" onClick={copy}>
            {copied ? "Copied" : "Copy"}
          </button>
        )}
        <span class="stretch" />
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="primary" onClick={use} disabled={text.trim() === ""}>
          Use these
        </button>
      </div>
    </Dialog>
  );
}
