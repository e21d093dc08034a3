/** Named schemas of the OpenAPI document (reference serverless-upstream §4.4, §4.6, §4.7). */
const text = { type: "string" };
const texts = { type: "array", items: { type: "string", minLength: 1 } };
const claim = { type: "object", required: ["type", "value"], properties: { type: text, value: text } };
const count = { type: "integer", minimum: 0 };
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function page(item: string): object {
  return {
    type: "object",
    required: ["value"],
    properties: {
      value: { type: "array", items: ref(item) },
      nextLink: { type: "string", format: "uri", description: "Absolute URL of the next page; absent on the last." },
    },
  };
}

const message = {
  type: "object",
  required: ["target"],
  properties: {
    target: { type: "string", minLength: 1, description: "Method of the client. Property names are read in any letter case." },
    arguments: {
      type: ["array", "null"],
      items: {},
      description: "Any JSON; integers are kept whatever their size, up to 64 bits.",
    },
  },
};

const command = (type: string, properties: object, required: readonly string[]) => ({
  type: "object",
  required: ["type", ...required],
  properties: { type: { type: "string", const: type }, ...properties },
});

export const schemas: Readonly<Record<string, object>> = {
  Message: message,
  Commands: {
    type: "array",
    items: {
      oneOf: [
        command("SendMessage", { message: ref("Message") }, ["message"]),
        command("JoinGroup", { group: text }, ["group"]),
        command("LeaveGroup", { group: text }, ["group"]),
        command("CloseConnection", { reason: text }, []),
      ],
    },
  },
  Batch: {
    type: "array",
    items: {
      type: "object",
      required: ["to", "target"],
      properties: {
        to: {
          oneOf: [
            { type: "string", const: "all" },
            ...["users", "groups", "connections"].map((kind) => ({
              type: "object",
              required: [kind],
              properties: { [kind]: texts },
              additionalProperties: false,
            })),
          ],
        },
        excluded: { ...texts, description: "Connection ids to leave out." },
        filter: { type: "string", description: "As of `execute`; narrows the audience." },
        ...message.properties,
      },
    },
  },
  ClientInvocationResponse: {
    type: "object",
    properties: {
      result: { description: "Absent when the client's method gives none." },
      protocol: { type: "string", description: "Protocol of the client, when it is neither json nor messagepack." },
    },
  },
  ClientTokenResponse: { type: "object", required: ["token"], properties: { token: text } },
  TokenRenewal: {
    type: "object",
    required: ["connectionToken"],
    properties: {
      connectionToken: { type: "string", minLength: 1, description: "From the client's negotiation with the service." },
      expireTime: {
        type: ["string", "null"],
        format: "date-time",
        description: "The connection ends then. Absent, null, or in the year 9999: as before.",
      },
      claims: {
        type: ["array", "null"],
        items: claim,
        description: "Instead of those it has. Absent, null or empty: as before.",
      },
    },
  },
  ConnectionToken: {
    type: "object",
    required: ["connectionToken"],
    properties: { connectionToken: { type: "string", minLength: 1 } },
  },
  Claims: { type: "object", required: ["claims"], properties: { claims: { type: "array", items: claim } } },
  ConnectionItem: {
    type: "object",
    required: ["connectionId"],
    properties: { connectionId: text, userId: { type: "string", description: "Absent for an anonymous connection." } },
  },
  UserItem: { type: "object", required: ["userId", "connections"], properties: { userId: text, connections: count } },
  GroupItem: {
    type: "object",
    required: ["group"],
    properties: { group: text, connections: { ...count, description: "Only in the list of a hub's groups." } },
  },
  HubCount: {
    type: "object",
    required: ["hub", "connections", "users", "groups"],
    properties: { hub: text, connections: count, users: count, groups: count },
  },
  ConnectionPage: page("ConnectionItem"),
  UserPage: page("UserItem"),
  GroupPage: page("GroupItem"),
  HubPage: page("HubCount"),
  OpenApi: { type: "object" },
  ErrorDetail: {
    type: "object",
    required: ["code", "message"],
    properties: {
      code: { type: "string", description: "As in the header `x-ms-error-code`." },
      message: text,
      target: { type: "string", description: "The parameter or field that is wrong." },
    },
  },
};
