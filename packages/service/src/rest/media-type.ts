import { RestError } from "./rest-error.ts";

/** The kinds of body that the data plane reads (reference serverless-upstream §4.4). */
export type BodyForm = "json" | "frames" | "messagepack";

export interface MediaType {
  readonly form: BodyForm;
  /** Of a JSON body; any encoding that the runtime knows. */
  readonly charset: string;
}

const jsonUtf8: MediaType = { form: "json", charset: "utf-8" };
const frames: MediaType = { form: "frames", charset: "utf-8" };
const messagepack: MediaType = { form: "messagepack", charset: "utf-8" };

const charsetParameter = /;\s*charset\s*=\s*"?([^\s;"]+)"?/i;

/** @throws {RestError} 415 */
export function mediaType(contentType: string | undefined, accepted: readonly BodyForm[]): MediaType {
  // What nearly every caller sends, without taking it apart.
  if (contentType === "application/json" || contentType === "application/json; charset=utf-8") return jsonUtf8;
  const media = parse(contentType ?? "");
  if (media !== undefined && accepted.includes(media.form)) return media;
  const names = accepted.map((form) => (form === "json" ? "application/json" : mediaTypeNames[form])).join(", ");
  throw new RestError(
    "mediaType",
    contentType ? `The content type '${contentType}' is not one of ${names}.` : `A content type is needed: ${names}.`,
  );
}

export const mediaTypeNames: Readonly<Record<BodyForm, string>> = {
  json: "application/json",
  frames: "application/octet-stream",
  messagepack: "application/x-msgpack",
};

function parse(contentType: string): MediaType | undefined {
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  if (type === mediaTypeNames.frames) return frames;
  if (type === mediaTypeNames.messagepack) return messagepack;
  if (type !== mediaTypeNames.json && !/^application\/[^/]+\+json$/.test(type)) return undefined;
  const charset = charsetParameter.exec(contentType)?.[1]?.toLowerCase() ?? "utf-8";
  return charset === "utf-8" || charset === "utf8" ? jsonUtf8 : { form: "json", charset };
}
