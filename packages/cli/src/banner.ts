import { connectionStringOf, developmentKey, publicEndpoint, type Service, type Settings } from "@signalbox/service";
import { upstreamList, withoutSecrets } from "./upstream-list.ts";

/** What a started service says about itself. */
export interface BannerFacts {
  readonly settings: Settings;
  readonly service: Pick<Service, "port" | "adminUrl" | "templates" | "templatesAreSaved">;
  /** For example `Node 26.10.0`. */
  readonly runtime: string;
  /** Access keys and upstream keys may be shown: a person reads, not a log collector. The development key always is. */
  readonly showSecrets: boolean;
  /** How this program is called here: `signalbox`, or `npx signalbox` where a shell does not find it by its bare name. */
  readonly command: string;
}

/** The connection string stands between star lines, as the emulator prints it: tools look for it there. */
export function banner({ settings, service, runtime, showSecrets, command }: BannerFacts): string {
  const { port, adminUrl } = service;
  const endpoint = publicEndpoint(settings, port);
  const { primary } = settings.accessKeys;
  const showKey = showSecrets || primary === developmentKey;
  const whole = connectionStringOf(settings, port);
  const connectionString = showKey ? whole : whole.replace(primary, "***");
  const stars = "*".repeat(connectionString.length);
  const templates = showSecrets ? service.templates : withoutSecrets(service.templates);
  return `Signalbox on ${runtime}

${stars}
${connectionString}
${stars}

Clients   ${endpoint}/client/?hub={hub}
REST      ${endpoint}/api/hubs/{hub}
Health    ${endpoint}/api/health
Dashboard ${adminUrl}
Admin     ${adminUrl}/health/ready, /metrics

Upstream${service.templatesAreSaved ? ", saved on the dashboard" : ""}:
${upstreamList(templates)}
${showKey ? linesToTry(command, connectionString) : ""}`;
}

function linesToTry(command: string, connectionString: string): string {
  // Without the option both find the default by themselves.
  const option = connectionString === defaultConnectionString ? "" : ` --connection-string '${connectionString}'`;
  return `
Try it, in two more terminals:
  ${command} listen${option}
  ${command} send${option} newMessage 'Hello, world'
`;
}

const defaultConnectionString = `Endpoint=http://localhost;Port=8888;AccessKey=${developmentKey};Version=1.0;`;
