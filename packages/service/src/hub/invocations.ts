import type { CompletionMessage } from "@signalbox/protocol";
import { AwaitedInvocations, type ClientMessage, type SignalRConnection } from "@signalbox/transport";
import type { InvokeAnswer, InvokeCommand } from "./command.ts";
import type { Member } from "./member.ts";

interface Pending {
  readonly asked: Member;
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
  readonly #pending = new AwaitedInvocations<Member, Pending>();
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
      this.#pending.add(id, { asked: member, settle, timer });
      if (!member.connection.send(command.payload(id))) settle({ outcome: "no connection" });
    });
  }

  /** Takes a client's completion. False when nobody waits for it: it is then no answer to the hub. */
  complete(member: Member<SignalRConnection>, sent: ClientMessage): boolean {
    if (this.#pending.size === 0) return false;
    const completion = sent.message as CompletionMessage;
    const pending = this.#pending.find(completion.invocationId, member);
    if (pending === undefined) return false;
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
    for (const [, pending] of this.#pending.deleteOf(member)) pending.settle({ outcome: "disconnected" });
  }
}
