import { adminEndpoint, loadSettings } from "@signalbox/service";
import { Command } from "commander";
import { Failure } from "../failure.ts";
import {
  addTargetOptions,
  callService,
  givenConnectionString,
  request,
  type TargetOptions,
  targetService,
} from "../target-service.ts";

export function healthCommand(): Command {
  const command = new Command("health")
    .description("ask whether the service takes clients; exit code 0 or 1")
    .option("--url <url>", "health URL to ask instead");
  return addTargetOptions(command).action(health);
}

async function health({ url, ...target }: TargetOptions & { readonly url?: string }): Promise<void> {
  const response = url === undefined ? await ask(target) : await request(url);
  const text = (await response.text()).trim();
  if (!response.ok)
    throw new Failure(`The service is not ready: ${response.status}${text === "" ? "" : ` ${text.slice(0, 500)}`}.`);
  console.log("healthy");
}

/** A service elsewhere has the health URL of the REST API; one on this machine says on its admin port whether it is draining, too. */
function ask(target: TargetOptions): Promise<Response> {
  if (givenConnectionString(target) !== undefined)
    return callService(targetService(target), "/api/health?api-version=2022-06-01");
  const { settings } = loadSettings({
    environment: process.env,
    ...(target.config === undefined ? {} : { config: target.config }),
  });
  if (settings.adminPort === 0)
    throw new Failure("The settings here let the service pick a free port: give --url or --connection-string.");
  return request(`${adminEndpoint(settings, settings.adminPort)}/health/ready`);
}
