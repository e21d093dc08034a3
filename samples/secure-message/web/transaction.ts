import { type HubConnection, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { typedConnection } from "@signalbox/hub/client";
import type { Message } from "../src/browser.ts";
import type { MessageHub } from "../src/message-hub.ts";

/** `expired`, `replaced` and `ended` are final. */
export type Phase = "connecting" | "connected" | "reconnecting" | "expired" | "replaced" | "ended";

export interface TransactionState {
  /** Undefined until the server has given one. */
  readonly id: string | undefined;
  readonly phase: Phase;
  /** The app server that serves the connection. */
  readonly instance: string | undefined;
  /** By `performance.now()`. */
  readonly expiresAt: number;
  readonly messages: readonly Message[];
}

const initial: TransactionState = { id: undefined, phase: "connecting", instance: undefined, expiresAt: 0, messages: [] };

/** Milliseconds before each attempt to connect again; the last one is repeated. */
const pauses = [0, 500, 1_000, 2_000, 5_000];

/** A visit of this page: asks for a transaction id, connects with it, and stays connected until the transaction expires. */
export class Transaction {
  #state = initial;
  #connection: HubConnection | undefined;
  readonly #listeners = new Set<() => void>();

  constructor() {
    this.#run().catch((error) => {
      console.error(error);
      this.#end("ended");
    });
  }

  readonly state = (): TransactionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async #run(): Promise<void> {
    const { transactionId, expiresInSeconds } = await persist(begin);
    this.#set({ id: transactionId, expiresAt: performance.now() + expiresInSeconds * 1_000 });
    const connection = this.#build(transactionId);
    this.#connection = connection;
    await persist(async () => {
      if (isFinal(this.#state.phase)) return;
      await connection.start().catch((error) => {
        if (!isRefusal(error)) throw error;
        this.#end("expired");
      });
    });
  }

  #build(id: string): HubConnection {
    const connection = new HubConnectionBuilder()
      .withUrl("/messages", { accessTokenFactory: () => id })
      .withAutomaticReconnect({
        nextRetryDelayInMilliseconds: ({ previousRetryCount, retryReason }) => {
          if (!isRefusal(retryReason)) return pauses[previousRetryCount] ?? pauses.at(-1)!;
          this.#end("expired");
          return null;
        },
      })
      .configureLogging(LogLevel.Warning)
      .build();
    const hub = typedConnection<MessageHub>(connection);
    hub.on("welcome", (instance) => this.#set({ phase: "connected", instance }));
    hub.on("receive", (message) => {
      this.#set({ messages: [...this.#state.messages, message] });
      return true;
    });
    hub.on("replaced", () => this.#end("replaced"));
    connection.onreconnecting(() => this.#set({ phase: "reconnecting", instance: undefined }));
    connection.onclose(() => this.#end("ended"));
    return connection;
  }

  /** The first reason counts. */
  #end(phase: "expired" | "replaced" | "ended"): void {
    if (isFinal(this.#state.phase)) return;
    this.#set({ phase, instance: undefined });
    void this.#connection?.stop();
  }

  #set(change: Partial<TransactionState>): void {
    if (isFinal(this.#state.phase)) return;
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

export function isFinal(phase: Phase): boolean {
  return phase === "expired" || phase === "replaced" || phase === "ended";
}

async function begin(): Promise<{ readonly transactionId: string; readonly expiresInSeconds: number }> {
  const response = await fetch("/transactions", { method: "POST" });
  if (!response.ok) throw new Error(`No transaction: the server answered ${response.status}.`);
  return response.json();
}

/** Tries until it succeeds: the server may be starting. */
async function persist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      console.warn(error);
      await new Promise((resolve) => setTimeout(resolve, pauses[failures + 1] ?? pauses.at(-1)));
    }
  }
}

/** The hub knows the transaction no more. The client library puts the status into the text alone. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.message.includes("Status code '401'");
}
