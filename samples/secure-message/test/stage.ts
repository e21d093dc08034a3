import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type HubProcess, startHubProcess } from "../../../e2e/support/hub-server.ts";
import { keptPort, startService } from "../../../e2e/support/service.ts";
import { startTcpProxy, type TcpProxy } from "../../../e2e/support/tcp-proxy.ts";

export const sample = fileURLToPath(new URL("..", import.meta.url));

export type Mode = "self-hosted" | "behind the service";

export const apiKey = "the outside service's key";

/** The sample as processes: one instance, or a service and two instances, and a way from browsers to their hub that can be cut. */
export interface Stage {
  /** Where the page of each instance is. */
  readonly pages: readonly string[];
  /** Addresses of the instances, for calls that no `cut` touches; also their names on the page. */
  readonly instances: readonly string[];
  /** What the connections of browsers go through. */
  readonly path: Pick<TcpProxy, "cut" | "release">;
  /** The way of the last instance to the service, where there is one. */
  readonly servicePath: Pick<TcpProxy, "cut" | "release"> | undefined;
  /** Where the service's clients connect. */
  readonly clientEndpoint: string | undefined;
  /** Kills an instance without any warning. @param address of it */
  kill(address: string): Promise<void>;
  /** Starts it again, at the same address. */
  restart(address: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param lifetime of transactions, in seconds */
export async function setStage(mode: Mode, lifetime = 900): Promise<Stage> {
  const resources = new AsyncDisposableStack();
  try {
    const folder = mkdtempSync(join(tmpdir(), "secure-message-"));
    resources.defer(() => rmSync(folder, { recursive: true }));
    const ports = mode === "self-hosted" ? [keptPort()] : [keptPort(), keptPort()];
    const service = mode === "self-hosted" ? undefined : resources.use(await startService());
    const path = resources.use(await startTcpProxy(service?.port ?? ports[0]!));
    const proxied = `http://127.0.0.1:${path.port}`;
    const servicePath = service && resources.use(await startTcpProxy(service.port));
    const environment = (port: number) => {
      const key = `SECURE_MESSAGE_API_KEY=${apiKey}`;
      if (service === undefined) return [key];
      const connectTo = `${service.connectionString};ClientEndpoint=${proxied};`;
      const through = port === ports.at(-1) ? `ServerEndpoint=http://127.0.0.1:${servicePath!.port};` : "";
      return [key, `SIGNALBOX_CONNECTION_STRING=${connectTo}${through}`];
    };
    const start = (port: number) =>
      startHubProcess({ command: "env", args: [...environment(port), process.execPath, join(sample, "src", "main.ts")] }, [
        "--port",
        `${port}`,
        "--database",
        join(folder, "transactions.db"),
        "--lifetime",
        `${lifetime}`,
      ]);
    const running = new Map<string, HubProcess>();
    resources.defer(async () => void (await Promise.all([...running.values()].map((instance) => instance.stop()))));
    for (const port of ports) {
      const instance = await start(port);
      running.set(instance.url, instance);
    }
    const instances = [...running.keys()];
    return {
      pages: service === undefined ? [proxied] : instances,
      instances,
      path,
      servicePath,
      clientEndpoint: service && proxied,
      kill: async (address) => void (await running.get(address)!.stop("SIGKILL")),
      restart: async (address) => void running.set(address, await start(Number(new URL(address).port))),
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}
