/**
 * A JSON value as XML for callers that accept nothing else: members become elements, items of a list `item` elements.
 * @param name of the root element
 */
export function toXml(value: unknown, name = "root"): string {
  return `<?xml version="1.0" encoding="utf-8"?>${element(name, value)}`;
}

function element(name: string, value: unknown): string {
  const tag = /^[A-Za-z_][\w.-]*$/.test(name) ? name : "item";
  const attribute = tag === name ? "" : ` name="${escaped(name)}"`;
  if (value === null || value === undefined) return `<${tag}${attribute}/>`;
  return `<${tag}${attribute}>${content(value)}</${tag}>`;
}

function content(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => element("item", item)).join("");
  if (typeof value === "object")
    return Object.entries(value as object)
      .map(([name, member]) => element(name, member))
      .join("");
  return escaped(String(value));
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Fit for XML and HTML text and attributes; characters that XML cannot hold are dropped. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "")
    .replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
