import { type ClientRequest, DeliveryError, Hub, type HubClients, HubException, type HubUser } from "@signalbox/hub";
import type { Browser } from "./browser.ts";
import type { Transactions } from "./transactions.ts";

const lease = Symbol("lease");

/**
 * The hub of the page. It has no methods: browsers only listen, each to what is sent to its own connection.
 */
export class MessageHub extends Hub<Browser> {
  readonly #transactions: Transactions;
  readonly #instance: string;

  /** @param instance a name of this app server, shown on the page */
  constructor(transactions: Transactions, instance: string) {
    super();
    this.#transactions = transactions;
    this.#instance = instance;
  }

  override async onConnected(): Promise<void> {
    const { user, connectionId, items } = this.context;
    const { admission, expires } = user!.claims!;
    const seat = this.#transactions.connected(user!.id!, Number(admission), connectionId);
    if (seat === undefined) {
      // A newer connection has the place. One that comes as its transaction ends is about to be closed by its authentication, after which it is
      // refused: so its page knows why.
      if (Date.now() < Number(expires)) this.context.abort();
      return;
    }
    items.set(lease, seat.lease);
    if (seat.replaced !== undefined && seat.replaced !== connectionId) await this.clients.client(seat.replaced).replaced();
    await this.clients.caller.welcome(this.#instance);
  }

  override onDisconnected(): void {
    const { user, items } = this.context;
    if (items.has(lease)) this.#transactions.disconnected(user!.id!, items.get(lease) as number);
  }
}

/**
 * The hub's authentication: whoever connects shows a transaction id as access token.
 * @returns undefined, which is a 401, for an id that is missing, malformed, unknown or expired
 */
export function authenticate(transactions: Transactions, request: ClientRequest): HubUser | undefined {
  const admission = transactions.admit(request.accessToken ?? "");
  if (admission === undefined) return undefined;
  const { key, number, expiresAt } = admission;
  return { id: key, claims: { admission: String(number), expires: String(expiresAt.getTime()) }, expiresAt };
}

/** What became of a message. */
export type Delivery =
  /** The page has said that it shows it. */
  | "delivered"
  /** There is no such transaction, or no longer. */
  | "unknown"
  /** No browser is connected for the transaction. */
  | "absent"
  /** A browser is, but did not answer: whether it shows the message is not known. */
  | "unconfirmed"
  /** This instance has lost the service. */
  | "unavailable";

/** How long a page has to confirm a message, in milliseconds. */
const patience = 5_000;

/** Sends to the browser of a transaction, whichever instance of the app serves it. */
export async function deliver(
  transactions: Transactions,
  clients: HubClients<Browser>,
  id: string,
  text: string,
): Promise<Delivery> {
  const found = transactions.find(id);
  if (found === undefined) return "unknown";
  if (found.connectionId === undefined) return "absent";
  const signal = AbortSignal.timeout(patience);
  try {
    await clients.client(found.connectionId).invoke("receive", { text, sentAt: new Date().toISOString() }, signal);
    return "delivered";
  } catch (error) {
    if (error instanceof HubException) return "unconfirmed";
    if (error instanceof DeliveryError) return outcomes[error.code];
    throw error;
  }
}

const outcomes: Readonly<Record<DeliveryError["code"], Delivery>> = {
  // Although the database says that it is there: its app server was killed, or the news is on its way.
  connectionNotFound: "absent",
  disconnected: "unconfirmed",
  timeout: "unconfirmed",
  serviceUnavailable: "unavailable",
};
