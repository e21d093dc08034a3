import {
  type EndpointOptions,
  type HubContext,
  type RetryOptions,
  ServiceClient,
  type ServiceClientOptions,
  type TokenCredential,
} from "@signalbox/management";
import { parseConnectionString } from "@signalbox/protocol";
import type { LayeredSettings } from "../../config/app-settings.ts";
import { parseTimeSpan } from "../../config/time-span.ts";
import { BindingError, type IndexingContext } from "../../contracts/binding.ts";
import type { BindingDefinition } from "../../contracts/function-definition.ts";
import { requiredText, textProperty } from "../definition.ts";
import { identityRefusal } from "../identity-refusal.ts";

/** Name of the setting that a binding uses unless it names another. */
export const defaultConnectionSetting = "AzureSignalRConnectionString";

const orIdentity = ", or, for the service in the cloud, use `signalbox functions start --azure-identity`";

/** What a binding's connection setting leads to. */
export interface SignalRConnection {
  readonly client: ServiceClient;
  /** Of every endpoint that has one; with these the service signs upstream requests. */
  readonly accessKeys: readonly string[];
  /** Some endpoint has no key, so its requests cannot be checked. */
  readonly isUnsigned: boolean;
}

/** The name of the setting that holds the binding's connection string. It is a name already: no `%X%`. */
export function connectionSettingOf(definition: BindingDefinition): string {
  return textProperty(definition, "connectionStringSetting") ?? defaultConnectionSetting;
}

/**
 * The service clients of an app, one for each connection setting that its bindings name (reference functions-host §2.3, §2.6). Several
 * endpoints come from settings `Azure:SignalR:Endpoints:<name>[:primary|secondary]`; they are added to every connection.
 */
export class SignalRConnections {
  readonly #settings: LayeredSettings;
  readonly #credential: TokenCredential | undefined;
  readonly #open = new Map<string, SignalRConnection>();

  /** @param credential for settings of an identity in place of a connection string (`<setting>:serviceUri`); undefined: they are refused */
  constructor(settings: LayeredSettings, credential?: TokenCredential) {
    this.#settings = settings;
    this.#credential = credential;
  }

  /** @throws {BindingError} when the setting is missing, asks for an identity that this host does not have, or is no connection string */
  get(definition: BindingDefinition): SignalRConnection {
    const name = connectionSettingOf(definition);
    const open = this.#open.get(name) ?? this.#connect(name);
    this.#open.set(name, open);
    return open;
  }

  /** @param hubName with every expression resolved */
  hub(definition: BindingDefinition, hubName: string): HubContext {
    return this.get(definition).client.hub(hubName);
  }

  /** Checks at start-up what a binding of the extension needs: a hub and a connection. */
  check(definition: BindingDefinition, context: IndexingContext): void {
    context.resolveSettings(requiredText(definition, "hubName"));
    this.get(definition);
  }

  close(): void {
    for (const { client } of this.#open.values()) client.close();
    this.#open.clear();
  }

  #connect(setting: string): SignalRConnection {
    const endpoints = this.#endpoints(setting);
    if (endpoints.length === 0) {
      const identity = this.#settings.identitySetting(setting);
      if (identity !== undefined) throw identityRefusal(identity, setting, orIdentity);
      throw new BindingError(
        `The SignalR Service connection string is not configured: the setting "${setting}" is missing or empty.`,
      );
    }
    try {
      const keys = endpoints.map(({ connectionString }) => parseConnectionString(connectionString).accessKey);
      return {
        client: ServiceClient.fromConnectionString(endpoints, this.#options()),
        accessKeys: keys.filter((key) => key !== undefined),
        isUnsigned: keys.includes(undefined),
      };
    } catch (cause) {
      throw new BindingError(`The setting "${setting}" cannot be used: ${(cause as Error).message}`, { cause });
    }
  }

  #endpoints(setting: string): readonly EndpointOptions[] {
    const connectionString = this.#settings.connectionString(setting) ?? this.#ofIdentity(setting);
    return [
      ...(connectionString === undefined ? [] : [{ connectionString }]),
      ...Object.entries(this.#settings.entries()).flatMap(([name, value]) => this.#namedEndpoint(name, value) ?? []),
    ];
  }

  /** What `<setting>:serviceUri` and its relatives say, as a connection string; undefined without a credential. */
  #ofIdentity(setting: string): string | undefined {
    const serviceUri = this.#settings.get(`${setting}:serviceUri`);
    if (!serviceUri || this.#credential === undefined) return undefined;
    const more = ["ClientEndpoint", "ServerEndpoint"].flatMap((name) => {
      const value = this.#settings.get(`${setting}:${name}`);
      return value ? [`${name}=${value};`] : [];
    });
    return `Endpoint=${serviceUri};AuthType=azure;Version=1.0;${more.join("")}`;
  }

  /**
   * The endpoint of a setting `Azure:SignalR:Endpoints:<name>[:primary|secondary]`; its name keeps its letter case.
   * @throws {BindingError} for one of an identity (`…:serviceUri`) without a credential
   */
  #namedEndpoint(setting: string, value: string): EndpointOptions | undefined {
    const match = /^Azure:SignalR:Endpoints:([^:]+)(?::(primary|secondary))?(:serviceUri)?$/i.exec(
      setting.replaceAll("__", ":"),
    );
    if (match === null || value.trim() === "") return undefined;
    const plain = setting.replace(/(?:__|:)serviceUri$/i, "");
    const connectionString = match[3] === undefined ? value : this.#ofIdentity(plain);
    if (connectionString === undefined) throw identityRefusal(setting, plain, orIdentity);
    const type = match[2]?.toLowerCase() === "secondary" ? "secondary" : "primary";
    return { connectionString, name: match[1]!, type };
  }

  /** As the extension reads them; without any, calls are not repeated. */
  #options(): ServiceClientOptions {
    const timeout = this.#settings.get("AzureSignalRHttpClientTimeout");
    const timeoutMs = timeout && parseTimeSpan(timeout);
    const retry = this.#retry();
    return {
      ...(timeoutMs ? { timeoutMs } : {}),
      ...(retry === undefined ? {} : { retry }),
      ...(this.#credential === undefined ? {} : { credential: this.#credential }),
    };
  }

  #retry(): RetryOptions | undefined {
    const given = this.#settings.under("AzureSignalRRetry:");
    if (given.size === 0) return undefined;
    const delayMs = parseTimeSpan(given.get("delay") ?? "");
    const maxDelayMs = parseTimeSpan(given.get("maxdelay") ?? "");
    const maxRetries = Number.parseInt(given.get("maxretries") ?? "", 10);
    return {
      mode: given.get("mode")?.toLowerCase() === "exponential" ? "exponential" : "fixed",
      ...(Number.isNaN(maxRetries) ? {} : { maxRetries }),
      ...(delayMs === undefined ? {} : { delayMs }),
      ...(maxDelayMs === undefined ? {} : { maxDelayMs }),
    };
  }
}
