import type { UpstreamView } from "@signalbox/service";
import { useState } from "preact/hooks";
import { Ago } from "../components/ago.tsx";
import { Dialog } from "../components/dialog.tsx";

interface SourcePanelProps {
  readonly view: UpstreamView;
  readonly onClear: () => void;
}

/** Says where the templates in force come from, and offers the way back to the settings. */
export function SourcePanel({ view, onClear }: SourcePanelProps) {
  const [asking, setAsking] = useState(false);
  const { settings, source, savedAt, durable } = view;
  const count = settings.templates.length;
  return (
    <>
      <p class="source">
        {source === "settings" ? (
          <span>
            In force: {settings.origin === undefined ? "the settings, which name no templates" : <code>{settings.origin}</code>}
            . What you save here takes their place.
          </span>
        ) : (
          <span>
            In force: <strong>saved here</strong> <Ago at={savedAt!} />, in place of{" "}
            {settings.origin === undefined ? "the settings, which name none" : <code>{settings.origin}</code>}.{" "}
            <button type="button" class="link" onClick={() => setAsking(true)}>
              Back to the settings
            </button>
          </span>
        )}
        {!durable && <span class="tag caution">in memory: edits end with the process</span>}
      </p>
      {asking && (
        <Dialog title="Back to the settings?" onClose={() => setAsking(false)}>
          <p>
            The templates saved here are removed.{" "}
            {count === 0 ? "The settings name none, so nobody hears of events." : `The settings have ${count}:`}
          </p>
          <ol>
            {settings.templates.map(({ id, urlTemplate }) => (
              <li key={id}>
                <code>{urlTemplate}</code>
              </li>
            ))}
          </ol>
          <div class="actions">
            <span class="stretch" />
            <button type="button" onClick={() => setAsking(false)}>
              Cancel
            </button>
            <button
              type="button"
              class="primary"
              onClick={() => {
                setAsking(false);
                onClear();
              }}
            >
              Back to the settings
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
