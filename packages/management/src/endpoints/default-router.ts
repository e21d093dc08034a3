import type { EndpointRouter } from "./endpoint-router.ts";

/** As the .NET SDK: messages go everywhere, clients to any primary endpoint that is online, without one to any secondary. */
export const defaultRouter: EndpointRouter = {
  messageEndpoints: (endpoints) => endpoints,
  negotiateEndpoint(endpoints) {
    const online = endpoints.filter((endpoint) => endpoint.online);
    const primary = online.filter(({ type }) => type === "primary");
    const candidates = primary.length > 0 ? primary : online;
    return candidates[Math.floor(Math.random() * candidates.length)];
  },
};
