import type { TokenCredential } from "@signalbox/management";
import { BlobInput, BlobOutput } from "../bindings/blob/blob-bindings.ts";
import type { BlobOptions } from "../bindings/blob/blob-listener.ts";
import { BlobTrigger, defaultBlobOptions } from "../bindings/blob/blob-trigger.ts";
import { QueueOutput } from "../bindings/queue/queue-output.ts";
import { defaultQueueOptions, type QueueOptions, QueueTrigger } from "../bindings/queue/queue-trigger.ts";
import { SignalRConnections } from "../bindings/signalr/connections.ts";
import { signalRInputs } from "../bindings/signalr/signalr-inputs.ts";
import { SignalROutput } from "../bindings/signalr/signalr-output.ts";
import { SignalRTrigger } from "../bindings/signalr/signalr-trigger.ts";
import { StorageConnections } from "../bindings/storage/storage-connections.ts";
import { TableInput, TableOutput } from "../bindings/table/table-bindings.ts";
import type { TimerStatusStore } from "../bindings/timer/timer-status.ts";
import { TimerTrigger } from "../bindings/timer/timer-trigger.ts";
import type { LayeredSettings } from "../config/app-settings.ts";
import type { HostConfig } from "../config/host-json.ts";
import { parseTimeSpan } from "../config/time-span.ts";
import type { InputBinding, OutputBinding, Trigger, Webhook } from "../contracts/binding.ts";

/** Bindings of type `http` and `httpTrigger` belong to the HTTP front. */
export function isHttp(type: string): boolean {
  return /^http(trigger)?$/i.test(type);
}

/** Every kind of binding that the host knows, but those of HTTP, with the connections they share. */
export class BindingCatalogue {
  readonly webhooks: readonly Webhook[];
  readonly #inputs: ReadonlyMap<string, InputBinding>;
  readonly #outputs: ReadonlyMap<string, OutputBinding>;
  readonly #triggers: ReadonlyMap<string, Trigger>;
  readonly #signalR: SignalRConnections;

  /**
   * @param hostId tells apps apart that share a storage account
   * @param credential for SignalR connections of an identity
   */
  constructor(
    settings: LayeredSettings,
    config: HostConfig,
    timers: TimerStatusStore,
    hostId: string,
    credential?: TokenCredential,
  ) {
    const storage = new StorageConnections(settings);
    const queues = queueOptions(config.extensions.queues);
    this.#signalR = new SignalRConnections(settings, credential);
    const signalRTrigger = new SignalRTrigger(this.#signalR);
    this.webhooks = [signalRTrigger];
    this.#inputs = byType([...signalRInputs(this.#signalR), new TableInput(storage), new BlobInput(storage)]);
    this.#outputs = byType([
      new SignalROutput(this.#signalR),
      new TableOutput(storage),
      new BlobOutput(storage),
      new QueueOutput(storage, queues.messageEncoding),
    ]);
    this.#triggers = byType<Trigger>([
      signalRTrigger,
      new TimerTrigger(settings, timers),
      new QueueTrigger(storage, queues),
      new BlobTrigger(storage, blobOptions(config.extensions.blobs), hostId),
    ]);
  }

  input(type: string): InputBinding | undefined {
    return this.#inputs.get(type.toLowerCase());
  }

  output(type: string): OutputBinding | undefined {
    return this.#outputs.get(type.toLowerCase());
  }

  trigger(type: string): Trigger | undefined {
    return this.#triggers.get(type.toLowerCase());
  }

  close(): void {
    this.#signalR.close();
  }
}

function byType<T extends { readonly type: string }>(kinds: readonly T[]): ReadonlyMap<string, T> {
  return new Map(kinds.map((kind) => [kind.type.toLowerCase(), kind]));
}

/** host.json `extensions.queues`; what is no number or time span there has no effect. */
function queueOptions(section: unknown): QueueOptions {
  const given = membersOf(section);
  const time = (value: unknown) => (typeof value === "string" ? parseTimeSpan(value) : undefined);
  return {
    messageEncoding: String(given.messageEncoding).toLowerCase() === "none" ? "none" : defaultQueueOptions.messageEncoding,
    batchSize: Math.min(count(given.batchSize) ?? defaultQueueOptions.batchSize, 32),
    maxDequeueCount: count(given.maxDequeueCount) ?? defaultQueueOptions.maxDequeueCount,
    maxPollingInterval: time(given.maxPollingInterval) ?? defaultQueueOptions.maxPollingInterval,
    visibilityTimeout: time(given.visibilityTimeout) ?? defaultQueueOptions.visibilityTimeout,
  };
}

/** host.json `extensions.blobs`, in the same way. */
function blobOptions(section: unknown): BlobOptions {
  const given = membersOf(section);
  return {
    maxDegreeOfParallelism: count(given.maxDegreeOfParallelism) ?? defaultBlobOptions.maxDegreeOfParallelism,
    poisonBlobThreshold: count(given.poisonBlobThreshold) ?? defaultBlobOptions.poisonBlobThreshold,
  };
}

function membersOf(section: unknown): Readonly<Record<string, unknown>> {
  return (typeof section === "object" && section !== null ? section : {}) as Readonly<Record<string, unknown>>;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}
