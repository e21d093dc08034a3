import type { CompletionMessage } from "@signalbox/protocol";
import type { ClientMessage } from "@signalbox/transport";
import type { InvokeAnswer, InvokeCommand } from "./command.ts";
import type { Member } from "./member.ts";

interface Pending {
  readonly member: Member;
  readonly settle: (answer: InvokeAnswer) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Calls of client methods that wait for their completion.
 *
 *   invoke ──▶ Invocation with id to the client ──▶ Completion with that id ──▶ "completed"
 *                          │                 └─ connection ends ─────────────▶ "disconnected"
 *                          └─ nothing within the time-out ───────────────────▶ "timeout"
 */
export class Invocations {
  readonly #pending = new Map<string, Pending>();
  #next = 0;

  invoke(member: Member, command: InvokeCommand): Promise<InvokeAnswer> {
    this.#next += 1;
    // App servers name theirs `s1`, `s2` and so on.
    const id = `signalbox-${this.#next}`;
    return new Promise((resolve) => {
      const settle = (answer: InvokeAnswer) => {
        this.#pending.delete(id);
        clearTimeout(timer);
        resolve(answer);
      };
      const timer = setTimeout(settle, command.timeout, { outcome: "timeout" } satisfies InvokeAnswer);
      this.#pending.set(id, { member, settle, timer });
      member.connection.send(command.payload(id));
    });
  }

  /** Takes a client's completion. False when nobody waits for it: it is then no answer to the hub. */
  complete(member: Member, sent: ClientMessage): boolean {
    if (this.#pending.size === 0) return false;
    const completion = sent.message as CompletionMessage;
    const pending = this.#pending.get(completion.invocationId);
    // Ids are guessable: a completion counts only from the connection that was asked.
    if (pending === undefined || pending.member !== member) return false;
    const { error } = completion;
    pending.settle({
      outcome: "completed",
      protocol: member.connection.protocol.name,
      record: sent.record,
      ...(error === undefined ? {} : { error }),
      ...("result" in completion ? { result: completion.result } : {}),
    });
    return true;
  }

  disconnected(member: Member): void {
    for (const pending of this.#pending.values()) if (pending.member === member) pending.settle({ outcome: "disconnected" });
  }
}
