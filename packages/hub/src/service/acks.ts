import { AckStatus, type ServiceAckMessage } from "@signalbox/protocol";
import { DeliveryError, serviceUnavailable } from "../hub/errors.ts";

/** Milliseconds. */
const ackTimeout = 10_000;

interface Waiting {
  readonly resolve: (ack: ServiceAckMessage | undefined) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  /** Answers still to come, one from each endpoint asked. */
  open: number;
}

/** Requests to the service that it acknowledges (reference hub-and-service-protocol §4.7). Numbers are unique in this process. */
export class Acks {
  readonly #waiting = new Map<number, Waiting>();
  static #last = 0;

  /**
   * Sends a request under a number of its own.
   * @param send returns how many endpoints were asked; the first that says yes decides
   * @returns what it said; undefined when none did; rejects when there was no answer
   */
  request(send: (ackId: number) => number): Promise<ServiceAckMessage | undefined> {
    Acks.#last = (Acks.#last % 0x7fff_ffff) + 1;
    const id = Acks.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(id)?.reject(new DeliveryError("timeout", "The service did not acknowledge in time.")),
        ackTimeout,
      );
      const waiting: Waiting = { resolve, reject, timer, open: 0 };
      this.#waiting.set(id, waiting);
      try {
        waiting.open = send(id);
        if (waiting.open === 0) throw serviceUnavailable();
      } catch (error) {
        this.#settle(id)?.reject(error as Error);
      }
    });
  }

  receive(ack: ServiceAckMessage): void {
    const { ackId, status, message } = ack;
    const waiting = this.#waiting.get(ackId);
    if (waiting === undefined) return;
    if (status === AckStatus.NotFound && --waiting.open > 0) return;
    this.#settle(ackId);
    if (status === AckStatus.Ok) waiting.resolve(ack);
    else if (status === AckStatus.NotFound) waiting.resolve(undefined);
    else waiting.reject(new Error(message || `The service answered with status ${status}.`));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }
}
