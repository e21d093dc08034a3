import type { ClientRequest } from "node:http";

/**
 * Milliseconds from the hand-over of a kept-alive socket until its failure no longer looks like this: a server that closed it while it was
 * idle had done so before the request came, and news of that takes one way of the network. Who breaks off later was at work.
 */
const window = 2_000;

const codes: ReadonlySet<string | undefined> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/**
 * Watches a request for the race that every keep-alive client meets: its server closes an idle connection while the request is on its way.
 * Nobody has worked on such a request, so it may go out once more, on a new connection and once only, whatever its method (RFC 9112
 * §9.3.1; `reusedSocket` in the documentation of `node:http`). A server that dies of a request within the window looks the same.
 * @returns tells of an error that the request ended with whether it was that race: the socket had served before, it was cut, and not one
 * byte of the answer had come
 */
export function watchIdleClose(request: ClientRequest): (error: Error) => boolean {
  let bytesBefore = -1;
  let since = 0;
  request.once("socket", ({ bytesRead }) => {
    bytesBefore = bytesRead;
    since = performance.now();
  });
  return (error) =>
    request.reusedSocket &&
    codes.has((error as NodeJS.ErrnoException).code) &&
    request.socket?.bytesRead === bytesBefore &&
    performance.now() - since < window;
}
