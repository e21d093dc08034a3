import { RestError } from "./rest-error.ts";

/** The kinds of body that the data plane reads (reference serverless-upstream §4.4; `text` and `binary` §5.6). */
export type BodyForm = "json" | "frames" | "messagepack" | "text" | "binary";

export interface MediaType {
  readonly form: BodyForm;
  /** Of JSON and text; any encoding that the runtime knows. */
  readonly charset: string;
}

const jsonUtf8: MediaType = { form: "json", charset: "utf-8" };

const charsetParameter = /;\s*charset\s*=\s*"?([^\s;"]+)"?/i;

/** @throws {RestError} 415 */
export function mediaType(contentType: string | undefined, accepted: readonly BodyForm[]): MediaType {
  // What nearly every caller sends, without taking it apart.
  if (contentType === "application/json" || contentType === "application/json; charset=utf-8") return jsonUtf8;
  const type = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  const form = accepted.find((candidate) => isForm(candidate, type));
  if (form !== undefined) return { form, charset: charsetOf(contentType!) };
  const names = accepted.map((candidate) => mediaTypeNames[candidate]).join(", ");
  throw new RestError(
    "mediaType",
    contentType ? `The content type '${contentType}' is not one of ${names}.` : `A content type is needed: ${names}.`,
  );
}

export const mediaTypeNames: Readonly<Record<BodyForm, string>> = {
  json: "application/json",
  frames: "application/octet-stream",
  messagepack: "application/x-msgpack",
  text: "text/plain",
  binary: "application/octet-stream",
};

function isForm(form: BodyForm, type: string): boolean {
  if (type === mediaTypeNames[form]) return true;
  return form === "json" ? /^application\/[^/]+\+json$/.test(type) : form === "text" && type.startsWith("text/");
}

function charsetOf(contentType: string): string {
  const charset = charsetParameter.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
  return charset === "utf8" ? "utf-8" : charset;
}
