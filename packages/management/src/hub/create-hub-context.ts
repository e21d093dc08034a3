import { createAuthentication } from "./authentication.ts";
import { createClients } from "./clients.ts";
import { createClosing } from "./closing.ts";
import { HubCaller, type HubServices } from "./hub-caller.ts";
import type { CallOptions, HubContext } from "./hub-context.ts";
import { clientAccess, type NegotiateOptions } from "./negotiate.ts";
import { createPresence } from "./presence.ts";
import { createUserGroups } from "./user-groups.ts";

/** Puts a hub together from its parts. */
export function createHubContext(services: HubServices, name: string, options: CallOptions = {}): HubContext {
  const caller = new HubCaller(services, name, options);
  const access = (endpoint: Parameters<typeof clientAccess>[0], options: NegotiateOptions) =>
    clientAccess(endpoint, name, services.application, options);
  return {
    name,
    ...createClients(caller),
    ...createPresence(caller),
    ...createAuthentication(caller),
    userGroups: createUserGroups(caller),
    close: createClosing(caller),
    async negotiate(negotiation = {}) {
      return access(await services.endpoints.forClient(name, negotiation.userId, options.endpoints), negotiation);
    },
    async negotiateEach(negotiation = {}) {
      const endpoints = services.endpoints.allowed(options.endpoints);
      if (endpoints.length > 1) await services.health.ready();
      return Promise.all(
        endpoints.map(async (endpoint) => ({ endpoint: endpoint.info, access: await access(endpoint, negotiation) })),
      );
    },
    with: (changed) => createHubContext(services, name, { ...options, ...changed }),
  };
}
