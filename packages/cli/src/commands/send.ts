import { Command } from "commander";
import { Failure } from "../failure.ts";
import { addTargetOptions, callService, type TargetOptions, targetService } from "../target-service.ts";

interface SendOptions extends TargetOptions {
  readonly hub: string;
  readonly user?: string;
  readonly group?: string;
  readonly connection?: string;
}

export function sendCommand(): Command {
  const command = new Command("send")
    .description("call a method of clients through the REST API: of all, or of a user, group or connection")
    .argument("<target>", "name of the method")
    .argument("[args...]", "its arguments: JSON where it parses, text otherwise")
    .option("--hub <name>", "hub", "chat")
    .option("--user <id>", "only to this user")
    .option("--group <name>", "only to this group")
    .option("--connection <id>", "only to this connection");
  return addTargetOptions(command).action(send);
}

async function send(target: string, args: readonly string[], options: SendOptions): Promise<void> {
  const service = targetService(options);
  const path = `/api/hubs/${encodeURIComponent(options.hub)}${receiver(options)}/:send?api-version=2022-06-01`;
  const response = await callService(service, path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    // The text of JSON arguments goes out untouched, so that great numbers keep their digits.
    body: `{"target":${JSON.stringify(target)},"arguments":[${args.map(asJson).join(",")}]}`,
  });
  if (!response.ok) throw new Failure(await refusal(response));
}

function receiver({ user, group, connection }: SendOptions): string {
  const receivers = Object.entries({ users: user, groups: group, connections: connection }).filter(
    ([, id]) => id !== undefined,
  );
  if (receivers.length > 1) throw new Failure("Only one of --user, --group and --connection can be given.");
  return receivers.map(([kind, id]) => `/${kind}/${encodeURIComponent(id!)}`).join("");
}

function asJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

async function refusal(response: Response): Promise<string> {
  const reason = response.headers.get("WWW-Authenticate") ?? (await response.text()).trim();
  return `The service answered ${response.status} ${response.statusText}${reason === "" ? "" : `: ${reason.slice(0, 500)}`}`.trimEnd();
}
