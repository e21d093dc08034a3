import { HttpTransportType, HubConnectionBuilder, type IHubProtocol, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { clientUrl } from "@signalbox/protocol";
import { Command, Option } from "commander";
import { clientToken } from "../client-token.ts";
import { Failure } from "../failure.ts";
import { OverhearingProtocol } from "../overhearing-protocol.ts";
import { addTargetOptions, type TargetOptions, targetService } from "../target-service.ts";

const transports: Readonly<Record<string, HttpTransportType>> = {
  websockets: HttpTransportType.WebSockets,
  sse: HttpTransportType.ServerSentEvents,
  longpolling: HttpTransportType.LongPolling,
};

const protocols: Readonly<Record<string, () => IHubProtocol>> = {
  json: () => new JsonHubProtocol(),
  messagepack: () => new MessagePackHubProtocol(),
};

interface ListenOptions extends TargetOptions {
  readonly hub: string;
  readonly user?: string;
  readonly transport: string;
  readonly protocol: string;
}

export function listenCommand(): Command {
  const command = new Command("listen")
    .description("connect as a client and print what arrives, one JSON object a line")
    .option("--hub <name>", "hub to connect to", "chat")
    .option("--user <id>", "user to connect as (default: nobody)")
    .addOption(new Option("--transport <name>", "transport").choices(Object.keys(transports)).default("websockets"))
    .addOption(new Option("--protocol <name>", "hub protocol").choices(Object.keys(protocols)).default("json"));
  return addTargetOptions(command).action(listen);
}

async function listen(options: ListenOptions): Promise<void> {
  const service = targetService(options);
  const { hub, user } = options;
  const url = clientUrl(service, hub);
  const protocol = new OverhearingProtocol(protocols[options.protocol]!(), ({ target, arguments: args }) => {
    process.stdout.write(`${JSON.stringify({ target, arguments: args }, printable)}\n`);
  });
  const connection = new HubConnectionBuilder()
    .withUrl(url, {
      transport: transports[options.transport]!,
      // A fresh one for each connect: the command may run longer than a token lasts.
      accessTokenFactory: () => clientToken(service, hub, user === undefined ? {} : { user }, 3_600),
    })
    .withHubProtocol(protocol)
    .withAutomaticReconnect({
      nextRetryDelayInMilliseconds: ({ previousRetryCount }) => Math.min(500 * 2 ** previousRetryCount, 10_000),
    })
    .configureLogging(LogLevel.None)
    .build();
  connection.onreconnecting((error) => console.error(`Connection lost${because(error)}; reconnecting …`));
  connection.onreconnected(() => console.error(`Connected again as ${connection.connectionId}.`));
  const closed = new Promise<Error | undefined>((resolve) => connection.onclose(resolve));

  let leaving = false;
  const leave = () => {
    leaving = true;
    connection.stop().then(() => process.exit(0));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, leave);
  // Who reads the output has enough (`| head -1`): each further line fails.
  process.stdout.on("error", () => {
    if (!leaving) leave();
  });
  try {
    await connection.start();
  } catch (error) {
    if (leaving) return;
    throw new Failure(`Cannot connect to ${url}${because(error)}${hint(error)}`);
  }
  console.error(`Connected to hub ${hub} as ${connection.connectionId}. Ctrl-C ends.`);
  const error = await closed;
  if (!leaving) throw new Failure(`The service closed the connection${because(error)}.`);
}

/** A service that refused is running. */
function hint(error: unknown): string {
  const refused = error instanceof Error && error.message.includes("Status code");
  return refused ? "." : ": is the service running? `signalbox start` starts one.";
}

function because(error: unknown): string {
  return error instanceof Error ? ` (${error.message.replace(/\.$/, "")})` : "";
}

/** What MessagePack has and JSON has not. */
function printable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
