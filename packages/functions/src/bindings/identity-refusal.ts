import { BindingError } from "../contracts/binding.ts";

/**
 * Why a connection by identity is none here: only Microsoft Entra can issue its tokens, and neither this service nor Azurite takes them.
 * @param identitySetting the setting that asks for it, as written
 * @param setting the one that would hold a connection string
 * @param otherwise what else would help
 */
export function identityRefusal(identitySetting: string, setting: string, otherwise = ""): BindingError {
  return new BindingError(
    `The setting "${identitySetting}" asks for a Microsoft Entra identity, which this host does not have: set "${setting}" to a connection string${otherwise}.`,
  );
}
