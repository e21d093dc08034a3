import { join } from "node:path";
import { type AppSettingSources, LayeredSettings } from "../config/app-settings.ts";
import { type HostConfig, parseHostJson } from "../config/host-json.ts";
import { readOptionalText } from "../config/json-file.ts";
import { type LocalSettings, parseLocalSettings } from "../config/local-settings.ts";
import { type ProxyDefinition, parseProxies } from "../http/proxies/proxies-file.ts";

/** The configuration of an app as its files stand now. */
export interface AppConfig {
  readonly host: HostConfig;
  readonly local: LocalSettings;
  readonly settings: LayeredSettings;
  readonly proxies: readonly ProxyDefinition[];
  /** Sentences about what is odd but stops nothing. */
  readonly warnings: readonly string[];
}

/**
 * @param directory absolute
 * @param supplied what the host adds to the app's own settings
 * @throws {ConfigError} for a host.json or proxies.json that cannot be used
 */
export async function readAppConfig(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
  supplied: Pick<AppSettingSources, "fallbacks" | "translate">,
): Promise<AppConfig> {
  const [hostText, localText, proxiesText] = await Promise.all(
    ["host.json", "local.settings.json", "proxies.json"].map((name) => readOptionalText(join(directory, name), name)),
  );
  const local = parseLocalSettings(localText);
  const settings = new LayeredSettings({ environment, local, ...supplied });
  const { proxies, problems } = parseProxies(proxiesText);
  const skipped = settings.skipped.map(
    (name) => `Skipping '${name}' from local settings as it's already defined in current environment variables.`,
  );
  return {
    host: parseHostJson(hostText, settings.entries()),
    local,
    settings,
    proxies,
    warnings: [...local.warnings, ...skipped, ...problems],
  };
}
