/**
 * Says that the type of a body is not known, so that a browser looks at the bytes, as it does when the cloud's host sends no type. The empty
 * header stands in for none, because listeners call a body without the header text.
 */
export function leaveTypeOpen(headers: Headers): void {
  if (!headers.has("content-type")) headers.set("content-type", "");
}
