import type { MatchRequest, MatchView, TemplateProblem, TestView } from "@signalbox/service";
import { useEffect, useState } from "preact/hooks";
import { ApiFailure, api } from "../api.ts";
import { Icon } from "../components/icon.tsx";
import { TextField } from "../components/text-field.tsx";
import { type Draft, namesIn, toTemplate } from "./draft.ts";
import { TestAnswer } from "./test-answer.tsx";

/** After the last key, milliseconds. */
const pause = 200;

interface TestBoxProps {
  readonly drafts: readonly Draft[];
  /** The drafts differ from what is in force. */
  readonly dirty: boolean;
  readonly onMatch: (position: number | undefined) => void;
  readonly onProblems: (problems: readonly TemplateProblem[]) => void;
}

/** Asks which template takes an event, as the page has them, and sends that event. */
export function TestBox({ drafts, dirty, onMatch, onProblems }: TestBoxProps) {
  const [hub, setHub] = useState("chat");
  const [category, setCategory] = useState<MatchRequest["category"]>("connections");
  const [event, setEvent] = useState("connected");
  const [userId, setUserId] = useState("");
  const [body, setBody] = useState("");
  const [match, setMatch] = useState<MatchView>();
  const [problem, setProblem] = useState<string>();
  const [test, setTest] = useState<TestView>();
  const [sending, setSending] = useState(false);

  const request = { hub, category, event, ...(dirty ? { templates: drafts.map(toTemplate) } : {}) };
  const question = JSON.stringify(request);
  useEffect(() => {
    let outdated = false;
    setTest(undefined);
    const show = (found: MatchView | undefined, wrong?: string) => {
      if (outdated) return;
      setMatch(found);
      setProblem(wrong);
      onMatch(found?.position);
    };
    const timer = setTimeout(() => {
      api.matchUpstream(JSON.parse(question)).then(
        (found) => {
          show(found);
          if (!outdated) onProblems([]);
        },
        (error: unknown) => {
          if (!(error instanceof ApiFailure)) throw error;
          const [first] = error.problems;
          show(
            undefined,
            first?.position === undefined ? error.message : `Template ${first.position + 1} is not complete yet.`,
          );
          if (!outdated) onProblems(error.problems);
        },
      );
    }, pause);
    return () => {
      outdated = true;
      clearTimeout(timer);
    };
    // The drafts' positions are part of the question.
  }, [question]);

  const send = async () => {
    setSending(true);
    setTest(undefined);
    try {
      setTest(await api.testUpstream({ ...request, ...(userId === "" ? {} : { userId }), ...(body === "" ? {} : { body }) }));
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      setProblem(error.message);
    } finally {
      setSending(false);
    }
  };

  return (
    <form
      class="card test"
      aria-labelledby="test-title"
      onSubmit={(submitted) => {
        submitted.preventDefault();
        void send();
      }}
    >
      <h2 id="test-title">Test an event</h2>
      <div class="fields">
        <TextField label="Hub" value={hub} onChange={setHub} suggestions={namesIn(drafts, "hubPattern")} />
        <div class="field">
          <label for="test-category">Category</label>
          <select
            id="test-category"
            value={category}
            onChange={({ currentTarget }) => {
              const chosen = currentTarget.value as MatchRequest["category"];
              setCategory(chosen);
              if (chosen === "messages" && event === "connected") setEvent("newMessage");
              if (chosen === "connections" && event === "newMessage") setEvent("connected");
            }}
          >
            <option value="connections">connections</option>
            <option value="messages">messages</option>
          </select>
        </div>
        <TextField
          label="Event"
          value={event}
          onChange={setEvent}
          suggestions={[
            ...(category === "connections" ? ["connected", "disconnected", "connect", "disconnect"] : []),
            ...namesIn(drafts, "eventPattern"),
          ]}
        />
        <TextField label="User id" value={userId} placeholder="anonymous" onChange={setUserId} />
      </div>
      <details>
        <summary>Body</summary>
        <TextField
          wide
          lines={4}
          label="JSON"
          value={body}
          placeholder={
            category === "messages" ? `{"type":1,"target":"${event}","arguments":["test"]}` : "As a SignalR client causes it"
          }
          onChange={setBody}
        />
      </details>
      <output class="match" aria-live="polite">
        <Verdict match={match} problem={problem} />
      </output>
      <button type="submit" class="primary" disabled={sending || match?.url === undefined}>
        <Icon name="send" /> {sending ? "Sending…" : "Send test event"}
      </button>
      <div aria-live="polite">{test !== undefined && <TestAnswer test={test} />}</div>
    </form>
  );
}

function Verdict({ match, problem }: { readonly match: MatchView | undefined; readonly problem: string | undefined }) {
  if (problem !== undefined) return <span class="problem">{problem}</span>;
  if (match === undefined) return <span class="muted">…</span>;
  if (match.position === undefined) return <span class="muted">No template takes it: nobody hears of this event.</span>;
  return (
    <>
      Template {match.position + 1} takes it
      {match.error === undefined ? <code class="url">{match.url}</code> : <span class="problem">{match.error}</span>}
    </>
  );
}
