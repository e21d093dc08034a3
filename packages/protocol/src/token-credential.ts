/** The part of `TokenCredential` of `@azure/core-auth` that is used, so that any credential of `@azure/identity` fits. */
export interface TokenCredential {
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}
