import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { z } from "zod";
import { issuePhrase, place } from "../config/issue-phrase.ts";

/**
 * The JSON body of a request.
 * @throws {HTTPException} 415 for another content type, which is all that a form of another site can send; 400 for what is no JSON or does not fit
 */
export async function jsonBody<S extends z.ZodType>(context: Context, schema: S): Promise<z.output<S>> {
  if (!/^application\/json(\s*;|$)/i.test(context.req.header("content-type") ?? "")) {
    throw new HTTPException(415, { message: "The body must be JSON, with Content-Type: application/json." });
  }
  let value: unknown;
  try {
    value = JSON.parse(await context.req.text());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HTTPException(400, { message: `The body is no JSON: ${error.message}.` });
  }
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new HTTPException(400, { message: `${place(issue!.path) || "The body"} ${issuePhrase(issue!)}.` });
}
