import { readFileSync } from "node:fs";
import type { FunctionsHostOptions } from "@signalbox/functions";
import { type Command, InvalidArgumentError, Option } from "commander";
import { Failure } from "./failure.ts";
import { addStopOption, type StopFlags } from "./stop-signal.ts";

/** The flags of `func start`, as far as they mean something here, and a few more. */
export interface HostFlags extends StopFlags {
  readonly port?: number;
  readonly address?: string;
  readonly cors?: readonly string[];
  readonly corsCredentials?: boolean;
  readonly enableAuth?: boolean;
  readonly functions?: readonly string[];
  readonly watch?: boolean;
  readonly inspect?: string | true;
  readonly trustedProxies?: readonly string[];
  readonly developmentLogin?: boolean | "loopback";
  readonly allowDevelopmentLogin?: boolean;
  readonly stateFolder?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

export function addHostOptions(command: Command, { watch }: { readonly watch: boolean }): Command {
  return addStopOption(command)
    .argument("[dir]", "the app's folder", ".")
    .option(
      "-p, --port <number>",
      "port of the functions host (default: Host.LocalHttpPort of local.settings.json, else 7071)",
      port,
    )
    .option("--address <address>", "address to listen on (default: loopback)")
    .option("--cors <origins>", "origins of browsers that may call, with commas between, or * (default: Host.CORS)", list)
    .option("--cors-credentials", "those browsers may send cookies and authorization")
    .option("--enableAuth", "ask for the keys of functions and webhooks, as the cloud does")
    .option("--functions <names...>", "run only these functions")
    .addOption(
      new Option(
        watch ? "--no-watch" : "--watch",
        watch ? "do not restart the app when its files change" : "restart the app when its files change",
      ),
    )
    .option("--inspect [port]", "let a debugger attach to the app (default: 9229)")
    .option(
      "--trusted-proxies <addresses>",
      "proxies whose x-ms-client-principal and x-forwarded headers count, with commas between",
      list,
    )
    .option("--development-login", "sign in as anybody at /.auth/login/<provider>: for development only")
    .option("--allow-development-login", "allow that although the address is not loopback")
    .option(
      "--state-folder <path>",
      "folder for keys, the status of timers and stored data (default: .signalbox in the app's folder)",
    )
    .option("--tls-cert <path>", "serve https: certificate, PEM")
    .option("--tls-key <path>", "its key, PEM");
}

/** What the flags mean to the host. */
export function hostOptions(directory: string, flags: HostFlags): Omit<FunctionsHostOptions, "log"> {
  const { port, address, cors, corsCredentials, enableAuth, functions, watch = false, inspect, stateFolder } = flags;
  const { trustedProxies, developmentLogin, allowDevelopmentLogin, tlsCert, tlsKey } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new Failure("--tls-cert and --tls-key go together.");
  return {
    directory,
    watch,
    identity: {
      ...(trustedProxies === undefined ? {} : { trustedProxies }),
      ...(developmentLogin === undefined ? {} : { developmentLogin }),
      ...(allowDevelopmentLogin === undefined ? {} : { allowDevelopmentLogin }),
    },
    nodeArguments: inspect === undefined ? [] : [inspect === true ? "--inspect" : `--inspect=${inspect}`],
    ...(port === undefined ? {} : { port }),
    ...(address === undefined ? {} : { address }),
    ...(cors === undefined ? {} : { cors }),
    ...(corsCredentials === undefined ? {} : { corsCredentials }),
    ...(enableAuth === undefined ? {} : { enableAuth }),
    ...(functions === undefined ? {} : { functions }),
    ...(stateFolder === undefined ? {} : { stateFolder }),
    ...(tlsCert === undefined || tlsKey === undefined ? {} : { tls: { cert: read(tlsCert), key: read(tlsKey) } }),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${(error as Error).message}`);
  }
}

export function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (number < 0 || number > 65_535) throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
  return number;
}

function list(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim().replace(/\/+$/, ""))
    .filter((item) => item !== "");
}
