import { publicUrl } from "./observer.ts";
import { expandUrl, findTemplate, type UpstreamEventName, type UpstreamTemplate } from "./template.ts";

/** Where an event goes. */
export interface Route {
  readonly template: UpstreamTemplate;
  readonly url: URL;
  /** As logs and pages may show it. */
  readonly shownUrl: string;
}

const capacity = 1_000;
/** Characters. Clients choose the names of messages, and long ones are not worth their memory. */
const longestName = 200;

/** Finds templates and fills in their URLs, once for each name of an event: the next of its kind goes the same way. */
export class Routes {
  #templates: readonly UpstreamTemplate[] = [];
  readonly #known = new Map<string, Route>();

  /**
   * @returns undefined: no template takes the event
   * @throws {UpstreamUrlError} when the template's URL cannot be called for this event
   */
  find(templates: readonly UpstreamTemplate[], name: UpstreamEventName): Route | undefined {
    if (templates !== this.#templates) {
      this.#known.clear();
      this.#templates = templates;
    }
    if (name.event.length > longestName) return makeRoute(templates, name);
    const key = `${name.category}/${name.hub}/${name.event}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const route = makeRoute(templates, name);
    if (route === undefined) return undefined;
    if (this.#known.size >= capacity) this.#known.clear();
    this.#known.set(key, route);
    return route;
  }
}

function makeRoute(templates: readonly UpstreamTemplate[], name: UpstreamEventName): Route | undefined {
  const template = findTemplate(templates, name);
  if (template === undefined) return undefined;
  const url = expandUrl(template.urlTemplate, name);
  return { template, url, shownUrl: publicUrl(url) };
}
