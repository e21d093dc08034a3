import type { SigningKey } from "@signalbox/protocol";

/** Proves who calls one endpoint. */
export interface TokenSource {
  /**
   * A bearer token for a REST call.
   * @param audience the URL that is called, without port and query
   * @throws {AuthenticationError}
   */
  forRest(audience: string): string | Promise<string>;
  /**
   * The key with which tokens of clients are signed.
   * @throws {SignalRServiceError}
   */
  clientKey(): SigningKey | Promise<SigningKey>;
}
