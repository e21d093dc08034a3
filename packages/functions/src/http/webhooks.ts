import type { Webhook } from "../contracts/binding.ts";
import { type Inbound, toRequest } from "./inbound.ts";
import { type Access, systemKeyName } from "./keys/access.ts";
import type { Secrets } from "./keys/secrets.ts";

/** What is mounted under `/runtime/webhooks/<extension>` (reference functions-host §2.5). */
export class Webhooks {
  readonly #secrets: Secrets;
  readonly #byExtension = new Map<string, Webhook>();

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /**
   * Mounts a webhook; one of the same extension is replaced. Its system key exists when the promise resolves.
   * @returns the system key that opens it
   */
  async register(webhook: Webhook): Promise<string> {
    const extension = webhook.extension.toLowerCase();
    this.#byExtension.set(extension, webhook);
    return this.#secrets.ensure("systemkeys", systemKeyName(extension));
  }

  /** @param path decoded segments, the first two being `runtime` and `webhooks` */
  async answer(inbound: Inbound, access: Access): Promise<Response> {
    const extension = inbound.path[2] ?? "";
    const webhook = this.#byExtension.get(extension.toLowerCase());
    // Without a key nobody learns which extensions there are.
    if (!access.mayNotify(inbound, extension)) return new Response(null, { status: 401 });
    if (webhook === undefined) return new Response(null, { status: 404 });
    return webhook.handle(toRequest(inbound));
  }
}
