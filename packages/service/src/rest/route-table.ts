import type { Route } from "./route.ts";
import { batchRoutes } from "./routes/batch.ts";
import { claimsRoutes } from "./routes/claims.ts";
import { closeRoutes } from "./routes/close.ts";
import { executeRoutes } from "./routes/execute.ts";
import { existenceRoutes } from "./routes/existence.ts";
import { invokeRoutes } from "./routes/invoke.ts";
import { listingRoutes } from "./routes/listing.ts";
import { membershipRoutes } from "./routes/membership.ts";
import { sendRoutes } from "./routes/send.ts";
import { serviceRoutes } from "./routes/service.ts";
import { streamRoutes } from "./routes/stream.ts";

/** Every route of the REST API, in the order in which documents show them. */
export const routeTable: readonly Route[] = [
  ...serviceRoutes,
  ...sendRoutes,
  ...executeRoutes,
  ...invokeRoutes,
  ...streamRoutes,
  ...batchRoutes,
  ...closeRoutes,
  ...claimsRoutes,
  ...existenceRoutes,
  ...membershipRoutes,
  ...listingRoutes,
];
