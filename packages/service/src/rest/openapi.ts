import { datedVersions } from "./api-version.ts";
import { mediaTypeNames } from "./media-type.ts";
import { schemas } from "./openapi-schemas.ts";
import type { Parameter } from "./parameter.ts";
import { type RestErrorName, restErrors } from "./rest-error.ts";
import { basePaths, type Family, type Method, type Route, type Served } from "./route.ts";

/**
 * The OpenAPI 3.1 document of a route table. One spelling of each path is shown, that of the cloud's own specification; errors that any
 * route can answer are in `components/responses`.
 */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const family of ["dated", "v1", "v1-preview", "raw", "raw-v1"] as const) {
    for (const route of routes) {
      const served = route.served[family];
      if (served === undefined) continue;
      const path = shownPath(route, family, served);
      paths[path] ??= {};
      for (const method of route.methods) paths[path][method.toLowerCase()] = operation(route, family, served, method);
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Signalbox REST API",
      version: datedVersions.at(-1),
      summary: "The data plane of Azure SignalR Service, self-hosted",
      description:
        "Paths below `/api/hubs` take `api-version`; those below `/api/v1` and `/api/v1-preview` are the older versions. Those below `/ws/api` and `/ws/api/v1` are for raw WebSockets, and mean the default hub without `/hubs/{hub}`. Other spellings of a path (with and without `/:send`, mirrored, with a trailing slash, in another letter case) mean the same.",
      license: { name: "MIT", identifier: "MIT" },
    },
    security: [{ accessKey: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        accessKey: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "HS256 (or HS512) with an access key; `aud` is the URL of the request, `exp` is required.",
        },
      },
      responses: {
        Unauthorized: {
          description: "The token is missing, is not valid, or is for another URL.",
          headers: { "WWW-Authenticate": { schema: { type: "string" } } },
        },
      },
    },
  };
}

/** The spelling that documents show. */
export function shownPath(route: Route, family: Family, served: Served): string {
  return basePaths[family] + (served.path ?? route.paths[0]!);
}

function operation(route: Route, family: Family, served: Served, method: Method): object {
  const parameters = route.parameters.map(parameter);
  if (family === "dated" && !route.open) parameters.push(apiVersion(served));
  return {
    operationId: operationId(route, family, method),
    summary: route.summary,
    tags: [family === "dated" ? "api" : family],
    ...(route.differences.length === 0 ? {} : { description: notes(route, family) }),
    ...(route.open ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
    responses: responses(route, family, served, method),
  };
}

/** Operations of `v1-preview` and most of `raw` have names of their own. */
const idPrefixes: Readonly<Record<Family, string>> = {
  dated: "",
  v1: "v1_",
  "v1-preview": "",
  raw: "raw_",
  "raw-v1": "raw_v1_",
};

function operationId(route: Route, family: Family, method: Method): string {
  const base = route.methods.length > 1 && method === "HEAD" ? `${route.operation}Head` : route.operation;
  return `${idPrefixes[family]}${base}`;
}

function notes(route: Route, family: Family): string {
  return route.differences
    .filter((difference) => difference.family === undefined || difference.family === family)
    .map(({ what, why }) => `${what} (${why})`)
    .join("\n\n");
}

function parameter({ name, in: place, description, required, schema }: Parameter<unknown>): object {
  return { name, in: place, description, required, schema };
}

function apiVersion({ since }: Served): object {
  const known = datedVersions.filter((version) => version >= since!);
  return {
    name: "api-version",
    in: "query",
    description: "Absent, or later than any listed: the newest.",
    required: false,
    schema: { type: "string", examples: [...known] },
  };
}

const formTexts = {
  frames: "MessagePack map of protocol name to framed record.",
  messagepack: "The same object as MessagePack.",
  text: "A text message.",
  binary: "A binary message.",
} as const;

function requestBody({ forms, schema, example }: NonNullable<Route["body"]>): object {
  const content: Record<string, object> = {};
  const described = schema === undefined ? {} : { $ref: `#/components/schemas/${schema}` };
  for (const form of forms) {
    content[mediaTypeNames[form]] =
      form === "json" ? { schema: described, example } : { schema: { description: formTexts[form] } };
  }
  return { required: true, content };
}

function responses(route: Route, family: Family, served: Served, method: Method): object {
  const byStatus = new Map<number, RestErrorName[]>();
  const names: RestErrorName[] = [
    ...route.errors,
    ...(family === "dated" && !route.open ? (["unknownVersion", "notInVersion"] as const) : []),
  ];
  for (const name of names) {
    const { status } = restErrors[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
  }
  const errors = [...byStatus].map(([status, group]) => [status, errorResponse(group, family, method)]);
  return {
    // Of getAccessKey the "success" is an error, described below.
    ...(served.status < 400 ? { [served.status]: success(route, method) } : {}),
    ...(route.operation === "health" ? { 503: { description: "The service is stopping." } } : {}),
    ...(route.open ? {} : { 401: { $ref: "#/components/responses/Unauthorized" } }),
    ...Object.fromEntries(errors),
  };
}

function success(route: Route, method: Method): object {
  if (route.answer === undefined || method === "HEAD") return { description: "Done; no body." };
  return {
    description: "Done.",
    content: { "application/json": { schema: { $ref: `#/components/schemas/${route.answer}` } } },
  };
}

function errorResponse(names: readonly RestErrorName[], family: Family, method: Method): object {
  const codes = names.map((name) => `\`${restErrors[name].code}\`: ${restErrors[name].when}`);
  const content =
    family === "dated"
      ? { "application/json": { schema: { $ref: "#/components/schemas/ErrorDetail" } } }
      : { "text/plain": { schema: { type: "string" } } };
  return {
    description: codes.join(" "),
    headers: { "x-ms-error-code": { schema: { type: "string", enum: names.map((name) => restErrors[name].code) } } },
    ...(method === "HEAD" ? {} : { content }),
  };
}
