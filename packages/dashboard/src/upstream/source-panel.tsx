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
  const { settings, source, savedAt, durable, appended } = view;
  const count = settings.templates.length;
  return (
    <>
      <p class="source">
        {source === "settings" ? (
          <span>
            <Settings view={view} />
          </span>
        ) : (
          <span>
            In force: <strong>saved here</strong> <Ago at={savedAt!} />, in place of{" "}
            {settings.origin === undefined ? "the settings, which name none" : <code>{settings.origin}</code>}
            <Behind appended={appended} />.{" "}
            <button type="button" class="link" onClick={() => setAsking(true)}>
              Back to the settings
            </button>
          </span>
        )}
        {!durable && <span class="tag caution">in memory: edits end with the process</span>}
      </p>
      {asking && (
        <Dialog title="Back to the settings?" onClose={() => setAsking(false)}>
          <p>The templates saved here are removed. {count > 0 ? `The settings have ${count}:` : emptySettings(appended)}</p>
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

/** What is in force as long as nobody saves anything. */
function Settings({ view: { settings, appended } }: { readonly view: UpstreamView }) {
  if (settings.origin !== undefined) {
    return (
      <>
        In force: <code>{settings.origin}</code>
        <Behind appended={appended} />. What you save here takes {appended.length === 0 ? "their" : "the settings'"} place.
      </>
    );
  }
  if (appended.length === 0) return <>In force: nothing. The settings name no templates. Add some and save them.</>;
  return (
    <>
      In force: what <strong>{originsOf(appended)}</strong> adds. The settings name no templates. Those that you add here come
      first.
    </>
  );
}

/** What the program around the service adds to the templates named before. */
function Behind({ appended }: Pick<UpstreamView, "appended">) {
  if (appended.length === 0) return null;
  return (
    <>
      , and for all that they leave what <strong>{originsOf(appended)}</strong> adds
    </>
  );
}

function emptySettings(appended: UpstreamView["appended"]): string {
  if (appended.length === 0) return "The settings name none, so nobody hears of events.";
  return `The settings name none: all events go where ${originsOf(appended)} sends them.`;
}

function originsOf(appended: UpstreamView["appended"]): string {
  return [...new Set(appended.map(({ origin }) => origin))].join(", ");
}
