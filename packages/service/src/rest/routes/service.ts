import { signToken } from "@signalbox/protocol";
import { hub, minutesToExpire, userId } from "../parameter.ts";
import { emptyReply, jsonReply } from "../reply.ts";
import { RestError } from "../rest-error.ts";
import { type Route, route } from "../route.ts";

const health = route({
  operation: "health",
  summary: "Tell whether the service takes requests: 200, or 503 while it is stopping",
  methods: ["GET", "HEAD"],
  paths: ["/health"],
  parameters: {},
  served: { v1: { status: 200, by: "cloud" }, dated: { status: 200, by: "cloud", since: "2022-06-01" } },
  errors: [],
  differences: [
    {
      what: "No token is needed, and one that is sent is not looked at; the official emulator wants a valid one.",
      why: "The Management SDK's background check sends none.",
    },
  ],
  open: true,
  handle: (call) => emptyReply(call.options.draining ? 503 : call.success),
});

const generateToken = route({
  operation: "generateToken",
  summary: "Sign a token with which a client can connect",
  methods: ["POST"],
  paths: ["/hubs/{hub}/:generateToken"],
  parameters: { hub, userId, minutesToExpire },
  answer: "ClientTokenResponse",
  served: { dated: { status: 200, by: "cloud", since: "2022-11-01" } },
  errors: ["invalid"],
  differences: [],
  handle(call, values) {
    const now = Math.floor(Date.now() / 1000);
    const token = signToken(
      {
        ...(values.userId === undefined ? {} : { "asrs.s.uid": values.userId }),
        nbf: now,
        exp: now + values.minutesToExpire! * 60,
        aud: `${call.options.endpoint ?? call.request.origin}/client/?hub=${values.hub}`,
      },
      { key: call.keys()[0]! },
    );
    return jsonReply({ token });
  },
});

const accessKey = route({
  operation: "getAccessKey",
  summary: "Refused: temporary access keys belong to Microsoft Entra identities",
  methods: ["GET"],
  paths: ["/auth/accessKey"],
  parameters: {},
  served: { v1: { status: 403, by: "cloud" }, dated: { status: 403, by: "cloud", since: "2023-07-01" } },
  errors: ["entraOnly"],
  differences: [
    {
      what: "Always 403; the cloud gives a caller with an Entra token a temporary key.",
      why: "Signalbox knows no Entra. Whoever holds a token it accepts has the access key already.",
    },
  ],
  handle() {
    throw new RestError("entraOnly", "Temporary keys belong to Microsoft Entra identities; Signalbox knows access keys only.");
  },
});

const openApi = route({
  operation: "getOpenApi",
  summary: "This interface as an OpenAPI document",
  methods: ["GET"],
  paths: ["/openapi.json"],
  parameters: {},
  answer: "OpenApi",
  served: { dated: { status: 200, by: "signalbox", since: "2022-06-01" } },
  errors: [],
  differences: [
    { what: "Not in the cloud.", why: "So tools can read what is served; nothing in it is secret, hence no token." },
  ],
  open: true,
  handle: (call) => ({ status: 200, headers: { "Content-Type": "application/json; charset=utf-8" }, body: call.openApi() }),
});

export const serviceRoutes: readonly Route[] = [health, openApi, accessKey, generateToken];
