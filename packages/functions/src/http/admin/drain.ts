/** Ends what starts invocations by itself (timers, queues, blobs), so that the host runs empty; HTTP and webhooks are served on. */
export interface Drain {
  begin(): void;
  status(): DrainStatus;
}

/** As `/admin/host/drain/status` tells it. */
export interface DrainStatus {
  readonly state: "Disabled" | "InProgress" | "Completed";
  readonly outstandingInvocations: number;
  /** Failed invocations that wait for their next attempt. */
  readonly outstandingRetries: number;
}
