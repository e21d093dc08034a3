import { clientUrl } from "@signalbox/protocol";
import { parseDuration } from "@signalbox/service";
import { Command, InvalidArgumentError } from "commander";
import { clientToken } from "../client-token.ts";
import { Failure } from "../failure.ts";
import { addTargetOptions, restToken, type TargetOptions, targetService } from "../target-service.ts";

type Claim = readonly [name: string, value: string];

interface TokenOptions extends TargetOptions {
  readonly hub: string;
  readonly user?: string;
  readonly claim: readonly Claim[];
  /** Seconds. */
  readonly expires: number;
  readonly rest?: string;
}

export function tokenCommand(): Command {
  const command = new Command("token")
    .description("print the URL and a token for a client, in the form of a negotiate answer, or a token for a REST call")
    .option("--hub <name>", "hub", "chat")
    .option("--user <id>", "user id of the client (default: none)")
    .option("--claim <name=value>", "a further claim; may be repeated", addClaim, [])
    .option("--expires <time>", "how long it is valid", seconds, 3_600)
    .option("--rest <url>", "a token for this REST URL or path instead");
  return addTargetOptions(command).action(token);
}

function token({ hub, user, claim, expires, rest, ...target }: TokenOptions): void {
  const service = targetService(target);
  if (rest === undefined) {
    const accessToken = clientToken(service, hub, { claims: claim, ...(user === undefined ? {} : { user }) }, expires);
    console.log(JSON.stringify({ url: clientUrl(service, hub), accessToken }));
    return;
  }
  const url = URL.parse(rest, service.serverEndpoint ?? service.endpoint);
  if (url === null) throw new Failure(`--rest must be a URL or a path such as /api/hubs/chat, not ${rest}.`);
  console.log(JSON.stringify({ url: url.href, accessToken: restToken(service, url.href, expires) }));
}

function addClaim(text: string, claims: readonly Claim[]): readonly Claim[] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value.");
  return [...claims, [text.slice(0, at), text.slice(at + 1)]];
}

function seconds(text: string): number {
  const duration = parseDuration(text);
  if (duration === undefined || duration < 1_000)
    throw new InvalidArgumentError("It must be a time of at least 1s, such as 90s, 5m, 1h.");
  return Math.floor(duration / 1_000);
}
