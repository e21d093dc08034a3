import type { UntakenEvent } from "@signalbox/service";
import { Ago } from "../components/ago.tsx";
import { Scroll } from "../components/scroll.tsx";

interface UntakenProps {
  readonly events: readonly UntakenEvent[];
  /** Begins a template for it. */
  readonly onAdd: (event: UntakenEvent) => void;
}

/** Events that happened and that nobody heard of, so that nobody wonders why nothing arrives. */
export function Untaken({ events, onAdd }: UntakenProps) {
  if (events.length === 0) return null;
  // By name: rows that jump to the top at each event could not be clicked.
  const sorted = [...events].sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
  return (
    <section class="card untaken" aria-labelledby="untaken-title">
      <h2 id="untaken-title">No template takes these</h2>
      <p class="muted">They happened, and nobody was told.</p>
      <Scroll label="Events that no template takes">
        <table>
          <thead>
            <tr>
              <th scope="col">Event</th>
              <th scope="col">Hub</th>
              <th scope="col">Count</th>
              <th scope="col">Last</th>
              <th scope="col">Template</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((event) => (
              <Row key={nameOf(event)} event={event} onAdd={onAdd} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Row({ event, onAdd }: { readonly event: UntakenEvent; readonly onAdd: UntakenProps["onAdd"] }) {
  const name = `${event.category}/${event.event}`;
  return (
    <tr>
      <td class="event">{name}</td>
      <td>{event.hub}</td>
      <td>{event.count.toLocaleString("en")}</td>
      <td>
        <Ago at={event.at} />
      </td>
      <td>
        <button
          type="button"
          class="link"
          aria-label={`Add a template for ${name} of hub ${event.hub}`}
          onClick={() => onAdd(event)}
        >
          Add
        </button>
      </td>
    </tr>
  );
}

function nameOf({ hub, category, event }: UntakenEvent): string {
  return `${hub} ${category}/${event}`;
}
