/** Stands for a value that is not shown. */
const hidden = "***";

/** The name and the value of each parameter of a query. */
const parameter = /([?&][^=&#]*=)([^&#]+)/g;
const credentials = /\/\/[^/?#@]*@/;
/** A token is no secret, and whoever reads the template wants to see it. */
const tokenOnly = /^\{(hub|category|event)\}$/;

/** A `urlTemplate` without its secrets: user name, password and the values of its query, where function keys live, become `***`. */
export function hideValues(urlTemplate: string): string {
  return urlTemplate
    .replaceAll(parameter, (whole, name: string, value: string) => (tokenOnly.test(value) ? whole : `${name}${hidden}`))
    .replace(credentials, `//${hidden}@`);
}

/**
 * Puts back what {@link hideValues} hid, after somebody edited the rest: each `***` becomes the value that the same parameter has in
 * `original`. What `original` does not have stays `***`.
 */
export function restoreValues(urlTemplate: string, original: string): string {
  const values = Map.groupBy(original.matchAll(parameter), ([, name]) => name!.slice(1));
  return urlTemplate
    .replaceAll(parameter, (whole, name: string, value: string) => {
      const known = value === hidden ? values.get(name.slice(1))?.shift()?.[2] : undefined;
      return known === undefined ? whole : `${name}${known}`;
    })
    .replace(`//${hidden}@`, credentials.exec(original)?.[0] ?? `//${hidden}@`);
}

/** Whether a value in it is `***`, which nobody means to be called with. */
export function hasHiddenValues(urlTemplate: string): boolean {
  return urlTemplate.includes(`//${hidden}@`) || [...urlTemplate.matchAll(parameter)].some(([, , value]) => value === hidden);
}
