import type { RecentCall } from "@signalbox/service";
import { Ago } from "../components/ago.tsx";
import { Scroll } from "../components/scroll.tsx";
import { duration, kindOf, Status } from "./status.tsx";

/** The last calls of a template: the newest in a line, the others on demand. */
export function Calls({ calls }: { readonly calls: readonly RecentCall[] }) {
  const [last] = calls;
  if (last === undefined) return <p class="calls muted">No calls yet</p>;
  return (
    <details class="calls">
      <summary>
        <Status status={last.status} error={last.error} />
        <span class="event">
          {last.category}/{last.event}
        </span>
        <span>{duration(last.durationMs)}</span>
        <span class="muted">
          <Ago at={last.at} />
        </span>
        <span class="dots" aria-hidden="true">
          {calls.map((call) => (
            <i key={`${call.at}${call.connectionId}${call.attempt}`} class={kindOf(call)} />
          ))}
        </span>
      </summary>
      <Scroll label="Last calls">
        <table>
          <thead>
            <tr>
              <th scope="col">Status</th>
              <th scope="col">Event</th>
              <th scope="col">Hub</th>
              <th scope="col">Duration</th>
              <th scope="col">Attempt</th>
              <th scope="col">When</th>
              <th scope="col">Connection</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((call) => (
              <Row key={`${call.at}${call.connectionId}${call.attempt}`} call={call} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

function Row({ call }: { readonly call: RecentCall }) {
  return (
    <tr>
      <td>
        <Status status={call.status} error={call.error} />
        {call.error !== undefined && <small class="problem">{call.error}</small>}
      </td>
      <td class="event">
        {call.category}/{call.event}
        <small class="muted">{call.url}</small>
      </td>
      <td>{call.hub}</td>
      <td>{duration(call.durationMs)}</td>
      <td>
        {call.attempt}
        {call.retryInMs !== undefined && <small class="muted">next in {duration(call.retryInMs)}</small>}
      </td>
      <td>
        <Ago at={call.at} />
      </td>
      <td class="event">{call.connectionId}</td>
    </tr>
  );
}
