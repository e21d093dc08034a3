import type { InstanceStore } from "./instance-store.ts";
import type { MembershipStore } from "./membership-store.ts";
import type { TemplateStore } from "./template-store.ts";

/** What survives a restart, in one medium. */
export interface Store {
  readonly memberships: MembershipStore;
  readonly templates: TemplateStore;
  readonly instances: InstanceStore;
  /** False: everything is forgotten when the process ends. */
  readonly durable: boolean;
  close(): void;
}

/** The medium failed. The message is a sentence for the operator. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
