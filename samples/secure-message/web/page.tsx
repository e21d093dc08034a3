/** @jsxImportSource react */
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Message } from "../src/browser.ts";
import { isFinal, type Phase, Transaction } from "./transaction.ts";

const words: Readonly<Record<Phase, string>> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  expired: "Expired",
  replaced: "Opened elsewhere",
  ended: "Disconnected",
};

const endings: Partial<Readonly<Record<Phase, string>>> = {
  expired: "This transaction has expired. Nothing can be sent to it any more.",
  replaced: "Somebody else connected with this transaction's id, so messages go there now. If that was not you, tell us.",
  ended: "The server has ended the connection.",
};

export function Page() {
  const [transaction, setTransaction] = useState(() => new Transaction());
  const { id, phase, instance, expiresAt, messages } = useSyncExternalStore(transaction.subscribe, transaction.state);
  return (
    <>
      <header>
        <h1>Secure message</h1>
        <p role="status" className="phase" data-phase={phase}>
          {words[phase]}
        </p>
      </header>
      <main>
        {isFinal(phase) && (
          <section className="ending" role="alert">
            <p>{endings[phase]}</p>
            <button type="button" onClick={() => setTransaction(new Transaction())}>
              Begin a new transaction
            </button>
          </section>
        )}
        <section aria-labelledby="transaction">
          <h2 id="transaction">Your transaction</h2>
          <div className="id">
            <code>{id ?? "…"}</code>
            <CopyButton text={id} />
          </div>
          <p className="hint">
            Whoever sends to you needs this id. Show it to nobody else.
            {id !== undefined && !isFinal(phase) && <Remaining key={id} until={expiresAt} />}
            {instance !== undefined && <span className="instance">Served by {instance}.</span>}
          </p>
        </section>
        <section aria-labelledby="messages">
          <h2 id="messages">Messages</h2>
          <MessageList messages={messages} />
        </section>
      </main>
    </>
  );
}

function MessageList({ messages }: { readonly messages: readonly Message[] }) {
  return (
    <>
      {messages.length === 0 && <p className="empty">Nothing yet. What arrives here, nobody else sees.</p>}
      <ol aria-live="polite" aria-label="Messages received">
        {messages.map(({ text, sentAt }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list only grows at its end.
          <li key={at}>
            <p>{text}</p>
            <time dateTime={sentAt}>{new Date(sentAt).toLocaleTimeString()}</time>
          </li>
        ))}
      </ol>
    </>
  );
}

function CopyButton({ text }: { readonly text: string | undefined }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text!);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <button type="button" className="quiet" disabled={text === undefined || !("clipboard" in navigator)} onClick={copy}>
      <span aria-live="polite">{copied ? "Copied" : "Copy"}</span>
    </button>
  );
}

function Remaining({ until }: { readonly until: number }) {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((until - now) / 1_000));
  return (
    <span>
      {" "}
      It expires in{" "}
      <span role="timer">
        {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
      </span>
      .
    </span>
  );
}
