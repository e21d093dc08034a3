/** Texts that clients and suites compare (reference hub-and-service-protocol §1.2–1.6). */
export const Answers = {
  idRequired: "Connection ID required",
  unknownId: "No Connection with that ID",
  otherTransport: "Cannot change transports mid-connection",
  noPosts: "POST requests are not allowed for WebSocket connections.",
  closing: "The service is closing its connections.",
  noDelete: "Cannot terminate this connection using the DELETE endpoint.",
} as const;

/** A short answer in plain text, mostly an error; empty by default. */
export function plainText(status: number, text = "", headers?: Readonly<Record<string, string>>): Response {
  return new Response(text === "" ? null : text, {
    status,
    headers: { "content-type": "text/plain", "content-length": String(Buffer.byteLength(text)), ...headers },
  });
}
