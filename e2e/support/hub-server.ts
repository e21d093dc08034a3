import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type RunningService, startService } from "./service.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A program that serves the hubs of `test-hub.md`, and the way that its clients take. */
export interface HubServer {
  /** Where clients negotiate, followed by a path of `test-hub.md`; no trailing slash. */
  readonly clientUrl: string;
  /** The doors for tests, which no `cut` touches. */
  readonly controlUrl: string;
  /** What the connections of all clients go through. */
  readonly clientPath: Pick<TcpProxy, "cut" | "release">;
  /** Whether clients are redirected to the service; otherwise they are connected to the program itself. */
  readonly behindService: boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How to start a program of `test-hub.md`: a command, to which the arguments of the contract are added. */
export interface HubProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** A program of `test-hub.md` that runs. */
export interface HubProcess {
  readonly url: string;
  readonly pid: number;
  /** True while the process lives. */
  readonly running: boolean;
  output(): string;
  /** Sends a signal and waits for the end. @returns the exit code; undefined when a signal ended the process */
  stop(signal?: NodeJS.Signals): Promise<number | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A program that has not said by now where it listens hangs. .NET takes its time on a busy machine. */
const startLimit = 90_000;

/** @throws when the program ends without saying where it listens, with what it printed */
export async function startHubProcess(program: HubProgram, args: readonly string[] = []): Promise<HubProcess> {
  const child = spawn(program.command, [...program.args, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const exited = once(child, "close").then(([code]: (number | null)[]) => code ?? undefined);
  const stop = (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    return exited;
  };
  const url = await addressOf(child, exited, (text) => {
    output += text;
    return output;
  });
  return {
    url,
    pid: child.pid!,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    output: () => output,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop("SIGKILL")),
  };
}

function addressOf(child: ChildProcess, exited: Promise<unknown>, add: (text: string) => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), startLimit);
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        const address = /^Listening on (\S+)$/m.exec(add(text))?.[1];
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(address);
      });
    }
    exited.then((code) => reject(new Error(`The hub program ended with ${code}:\n${add("")}`)), reject);
  });
}

/** Starts the program with clients connected to itself. */
export async function startSelfHosted(program: HubProgram): Promise<HubServer> {
  const app = await startHubProcess(program);
  const proxy = await startTcpProxy(Number(new URL(app.url).port));
  return {
    clientUrl: `http://127.0.0.1:${proxy.port}`,
    controlUrl: app.url,
    clientPath: proxy,
    behindService: false,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await app[Symbol.asyncDispose]();
    },
  };
}

/** A program of `test-hub.md` behind the service. */
export interface AppServer extends Pick<HubServer, "clientUrl" | "controlUrl"> {
  readonly app: HubProcess;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts the program behind a service that runs, and waits until it can send clients there.
 * @param hubs paths of its hubs; absent: those of `test-hub.md`
 */
export async function startBehindService(
  program: HubProgram,
  service: Pick<RunningService, "connectionString">,
  args: readonly string[] = [],
  hubs?: readonly string[],
): Promise<AppServer> {
  const app = await startHubProcess(program, ["--service", service.connectionString, ...args]);
  try {
    await untilConnected(app, hubs);
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
  return { app, clientUrl: app.url, controlUrl: app.url, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

/** Starts the program behind a service of its own. */
export async function startWithService(program: HubProgram): Promise<HubServer> {
  await using starting = new AsyncDisposableStack();
  const service = starting.use(await startService());
  const proxy = starting.use(await startTcpProxy(service.port));
  const connectionString = `${service.connectionString.replace(/;?$/, ";")}ClientEndpoint=http://127.0.0.1:${proxy.port};`;
  const { clientUrl, controlUrl } = starting.use(await startBehindService(program, { connectionString }));
  const started = starting.move();
  return {
    clientUrl,
    controlUrl,
    clientPath: proxy,
    behindService: true,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

const testHubs = ["testhub", "nowebsockets", "quiethub", "uncreatable"];

/** An app refuses to negotiate for a hub until the service has accepted its connections. */
export async function untilConnected(app: HubProcess, hubs: readonly string[] = testHubs): Promise<void> {
  const deadline = Date.now() + startLimit;
  const negotiate = async (hub: string) =>
    (await fetch(`${app.url}/${hub}/negotiate?negotiateVersion=1`, { method: "POST" })).status;
  for (const hub of hubs) {
    for (let status = await negotiate(hub); status !== 200; status = await negotiate(hub)) {
      if (Date.now() > deadline) throw new Error(`${hub} still answers ${status} to negotiate:\n${app.output()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
