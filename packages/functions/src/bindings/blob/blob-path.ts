import { BindingError } from "../../contracts/binding.ts";

/** A blob's place: `container/name/of/blob`. */
export interface BlobPlace {
  readonly container: string;
  readonly blob: string;
}

/** @throws {BindingError} */
export function parseBlobPath(path: string): BlobPlace {
  const match = /^\/?([^/]+)\/(.+)$/s.exec(path);
  if (match === null) throw new BindingError(`The blob path '${path}' must have the form container/blob.`);
  return { container: match[1]!.toLowerCase(), blob: match[2]! };
}
