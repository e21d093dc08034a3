import { z } from "zod";
import { hideValues } from "../backends/upstream/hidden-values.ts";
import type { UpstreamOptions } from "../backends/upstream/options.ts";
import { expandUrl, findTemplate, type UpstreamEventName, UpstreamUrlError } from "../backends/upstream/template.ts";
import { type TestEvent, TestEventSender } from "../backends/upstream/test-event.ts";
import type { UpstreamReply } from "../backends/upstream/upstream-client.ts";
import type { UpstreamTemplate } from "../config/upstream-template.ts";
import type { MatchView, TestView } from "./contract.ts";

const name = z.string().max(1024);

/** The members of a question "which template?" beside the templates. */
export const eventName = z.object({ hub: name, category: z.enum(["connections", "messages"]), event: name });

/** The members of a test event beside the templates. */
export const testEvent = eventName.extend({
  userId: name.optional(),
  body: z.string().optional(),
  contentType: z
    .string()
    .regex(/^[!-~]+( [!-~]+)*$/)
    .max(200)
    .optional(),
});

interface Hit {
  readonly view: MatchView;
  /** Undefined when there is nothing to call. */
  readonly url?: URL;
}

/** Which template an event hits and which URL that gives, by the same rules as a real event. */
export function matchTemplate(templates: readonly UpstreamTemplate[], event: UpstreamEventName): Hit {
  const template = findTemplate(templates, event);
  if (template === undefined) return { view: {} };
  const position = templates.indexOf(template as UpstreamTemplate);
  try {
    const url = expandUrl(template.urlTemplate, event);
    // Filled in after hiding: what a client chose is no secret.
    return { view: { position, url: expandUrl(hideValues(template.urlTemplate), event).href }, url };
  } catch (error) {
    if (!(error instanceof UpstreamUrlError)) throw error;
    return { view: { position, error: error.message } };
  }
}

/** Sends test events by given options. */
export class UpstreamTests {
  readonly #sender = new TestEventSender();

  async send(
    templates: readonly UpstreamTemplate[],
    event: TestEvent,
    keys: readonly string[],
    options: UpstreamOptions,
  ): Promise<TestView> {
    const { view, url } = matchTemplate(templates, event);
    if (url === undefined) return view;
    const { sent, reply } = await this.#sender.send(url, event, keys, options);
    return { ...view, sent, answer: answerView(reply) };
  }
}

function answerView({ status, headers, body, durationMs, failure }: UpstreamReply): NonNullable<TestView["answer"]> {
  return {
    ...(status === undefined ? {} : { status }),
    headers: Object.entries(headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    ),
    body: Buffer.from(body).toString("utf8"),
    durationMs: Math.round(durationMs * 10) / 10,
    ...(failure === undefined ? {} : { error: failure.text }),
  };
}
