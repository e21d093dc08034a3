import type { TestView } from "@signalbox/service";
import { Scroll } from "../components/scroll.tsx";
import { duration, Status } from "./status.tsx";

/** What became of a test event. */
export function TestAnswer({ test: { sent, answer, error } }: { readonly test: TestView }) {
  if (sent === undefined || answer === undefined)
    return <p class="problem">{error ?? "No template takes it: nothing was sent."}</p>;
  return (
    <div class="answer">
      <p class="line">
        <Status status={answer.status} error={answer.error} /> in {duration(answer.durationMs)}
      </p>
      {answer.error !== undefined && <p class="problem">{answer.error}</p>}
      {answer.body === "" ? (
        <p class="muted">The answer has no body.</p>
      ) : (
        <Text label="Body of the answer" text={answer.body} />
      )}
      <Headers title={`Headers of the answer (${answer.headers.length})`} headers={answer.headers} />
      <Headers title="What was sent" headers={Object.entries(sent.headers)} body={sent.body} />
    </div>
  );
}

interface HeadersProps {
  readonly title: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

function Headers({ title, headers, body }: HeadersProps) {
  return (
    <details>
      <summary>{title}</summary>
      <dl>
        {headers.map(([name, value], at) => (
          <div key={at}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {body !== undefined && <Text label="Body sent" text={body} />}
    </details>
  );
}

/** Hub records end with a character that has no picture of its own. */
function Text({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <Scroll label={label}>
      <pre>{text.replaceAll("\u001e", "␞")}</pre>
    </Scroll>
  );
}
