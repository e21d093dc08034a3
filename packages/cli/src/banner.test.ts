import { loadSettings } from "@signalbox/service";
import { describe, expect, it } from "vitest";
import { banner } from "./banner.ts";

const key = "an-access-key-of-more-than-32-characters";
const upstream = JSON.stringify([
  { urlTemplate: "http://localhost:7071/runtime/webhooks/signalr?code=secret" },
  {
    urlTemplate: "https://signalbox:password@api.example/{hub}",
    hubPattern: "chat,news",
    eventPattern: "connected",
    categoryPattern: "connections",
  },
]);

function bannerOf(flags: Record<string, string>, showSecrets = true, port = 8888): string {
  const { settings } = loadSettings({ folder: "/nonexistent", flags });
  const service = {
    port,
    adminUrl: `http://localhost:${port + 1}`,
    templates: settings.upstream.templates,
    templatesAreSaved: false,
  };
  return banner({ settings, service, runtime: "Node 26.0.0", showSecrets, command: "signalbox" });
}

describe("the banner", () => {
  it("of a service with nothing set", () => {
    expect(bannerOf({})).toMatchInlineSnapshot(`
      "Signalbox on Node 26.0.0

      *******************************************************************************************************
      Endpoint=http://localhost;Port=8888;AccessKey=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH;Version=1.0;
      *******************************************************************************************************

      Clients   http://localhost:8888/client/?hub={hub}
      REST      http://localhost:8888/api/hubs/{hub}
      Health    http://localhost:8888/api/health
      Dashboard http://localhost:8889
      Admin     http://localhost:8889/health/ready, /metrics

      Upstream:
      	none: \`signalbox upstream init\` writes a settings.json to start from

      Try it, in two more terminals:
        signalbox listen
        signalbox send newMessage 'Hello, world'
      "
    `);
  });

  it("of a service with an own key, port and upstream, to a person", () => {
    expect(bannerOf({ "accessKeys.primary": key, "upstream.templates": upstream }, true, 9000)).toMatchInlineSnapshot(`
      "Signalbox on Node 26.0.0

      ***************************************************************************************************
      Endpoint=http://localhost;Port=9000;AccessKey=an-access-key-of-more-than-32-characters;Version=1.0;
      ***************************************************************************************************

      Clients   http://localhost:9000/client/?hub={hub}
      REST      http://localhost:9000/api/hubs/{hub}
      Health    http://localhost:9000/api/health
      Dashboard http://localhost:9001
      Admin     http://localhost:9001/health/ready, /metrics

      Upstream:
      	[0] http://localhost:7071/runtime/webhooks/signalr?code=secret(event:'*',hub:'*',category:'*')
      	[1] https://signalbox:password@api.example/{hub}(event:'connected',hub:'chat,news',category:'connections')

      Try it, in two more terminals:
        signalbox listen --connection-string 'Endpoint=http://localhost;Port=9000;AccessKey=an-access-key-of-more-than-32-characters;Version=1.0;'
        signalbox send --connection-string 'Endpoint=http://localhost;Port=9000;AccessKey=an-access-key-of-more-than-32-characters;Version=1.0;' newMessage 'Hello, world'
      "
    `);
  });

  it("of the same service, to a log", () => {
    expect(bannerOf({ "accessKeys.primary": key, "upstream.templates": upstream }, false, 9000)).toMatchInlineSnapshot(`
      "Signalbox on Node 26.0.0

      **************************************************************
      Endpoint=http://localhost;Port=9000;AccessKey=***;Version=1.0;
      **************************************************************

      Clients   http://localhost:9000/client/?hub={hub}
      REST      http://localhost:9000/api/hubs/{hub}
      Health    http://localhost:9000/api/health
      Dashboard http://localhost:9001
      Admin     http://localhost:9001/health/ready, /metrics

      Upstream:
      	[0] http://localhost:7071/runtime/webhooks/signalr?code=***(event:'*',hub:'*',category:'*')
      	[1] https://***@api.example/{hub}(event:'connected',hub:'chat,news',category:'connections')
      "
    `);
  });

  it("shows the development key to a log too: everybody knows it", () => {
    expect(bannerOf({}, false)).toBe(bannerOf({}, true));
  });
});
