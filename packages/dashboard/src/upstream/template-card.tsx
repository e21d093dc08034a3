import type { RecentCall, TemplateView } from "@signalbox/service";
import { Icon } from "../components/icon.tsx";
import { IconButton } from "../components/icon-button.tsx";
import { TextField } from "../components/text-field.tsx";
import { Calls } from "./calls.tsx";
import { type Draft, type DraftField, type DraftProblems, patternFields } from "./draft.ts";

const labels = { hubPattern: "Hub", categoryPattern: "Category", eventPattern: "Event" } as const;
const suggestions = {
  hubPattern: ["*"],
  categoryPattern: ["*", "connections", "messages"],
  eventPattern: ["*", "connected, disconnected"],
} as const;

interface TemplateCardProps {
  readonly draft: Draft;
  readonly position: number;
  readonly last: boolean;
  /** The event of the test box goes here. */
  readonly hit: boolean;
  readonly shadow: number | undefined;
  readonly problems: DraftProblems;
  readonly calls: readonly RecentCall[];
  readonly onChange: (field: DraftField, value: string) => void;
  readonly onMove: (to: number) => void;
  readonly onDuplicate: () => void;
  readonly onDelete: () => void;
}

/** One template, ready to be edited. Alt with an arrow moves it from any of its fields. */
export function TemplateCard(props: TemplateCardProps) {
  const { draft, position, last, hit, shadow, problems, calls, onChange, onMove, onDuplicate, onDelete } = props;
  const name = `Template ${position + 1}`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    const to = position + (event.key === "ArrowUp" ? -1 : 1);
    if (to >= 0 && !(last && to > position)) onMove(to);
  };
  return (
    <li class={hit ? "card template hit" : "card template"} data-key={draft.key} aria-label={name} onKeyDown={onKeyDown}>
      <div class="head">
        <span class="number" aria-hidden="true">
          {position + 1}
        </span>
        {hit && <span class="tag">takes the test event</span>}
        <Shadow by={shadow} />
        <span class="stretch" />
        <IconButton
          icon="up"
          label={`Move ${name} up`}
          keys="Alt+↑"
          disabled={position === 0}
          onClick={() => onMove(position - 1)}
        />
        <IconButton icon="down" label={`Move ${name} down`} keys="Alt+↓" disabled={last} onClick={() => onMove(position + 1)} />
        <IconButton icon="copy" label={`Duplicate ${name}`} onClick={onDuplicate} />
        <IconButton icon="trash" label={`Delete ${name}`} onClick={onDelete} />
      </div>
      {problems.all !== undefined && <p class="problem">{problems.all}</p>}
      <div class="fields">
        {patternFields.map((field) => (
          <TextField
            key={field}
            label={labels[field]}
            value={draft[field]}
            problem={problems[field]}
            hint={draft[field].trim() === "" ? "Empty: takes nothing. * takes all." : undefined}
            suggestions={suggestions[field]}
            onChange={(value) => onChange(field, value)}
          />
        ))}
        <TextField
          wide
          label="URL"
          value={draft.urlTemplate}
          problem={problems.urlTemplate}
          placeholder="https://example.com/api/{hub}/{event}"
          onChange={(value) => onChange("urlTemplate", value)}
        />
      </div>
      <Calls calls={calls} />
    </li>
  );
}

function Shadow({ by }: { readonly by: number | undefined }) {
  if (by === undefined) return null;
  return <span class="tag caution">never reached: template {by + 1} takes all of it</span>;
}

interface AppendedCardProps {
  readonly template: TemplateView & { readonly origin: string };
  readonly position: number;
  readonly hit: boolean;
  readonly shadow: number | undefined;
  readonly calls: readonly RecentCall[];
}

/** A template that the program around the service added. */
export function AppendedCard({ template, position, hit, shadow, calls }: AppendedCardProps) {
  return (
    <li class={hit ? "card template hit" : "card template"} aria-label={`Template ${position + 1}, read-only`}>
      <div class="head">
        <span class="number" aria-hidden="true">
          {position + 1}
        </span>
        <span class="tag">
          <Icon name="lock" /> from {template.origin}: read-only, tried last
        </span>
        <Shadow by={shadow} />
        {hit && <span class="tag">takes the test event</span>}
      </div>
      <div class="fields">
        {patternFields.map((field) => (
          <TextField key={field} label={labels[field]} value={template[field]} />
        ))}
        <TextField wide label="URL" value={template.urlTemplate} />
      </div>
      <Calls calls={calls} />
    </li>
  );
}
