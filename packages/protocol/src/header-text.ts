const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The text of an HTTP header's value that came one character a byte, as Node reads it: UTF-8 where it is that, which is how the service
 * writes names into the headers of upstream requests; otherwise the value as it came.
 */
export function headerText(value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[\u0100-\uffff]/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
}
