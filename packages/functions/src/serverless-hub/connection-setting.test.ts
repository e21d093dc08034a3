import { afterEach, describe, expect, it, vi } from "vitest";
import { endpointsOf, serviceOf } from "./connection-setting.ts";

const own = "Endpoint=http://own;AccessKey=k;";
const east = "Endpoint=http://east;AccessKey=k;";

describe("The connection setting", () => {
  it.each([["Signal"], ["SIGNAL"], ["ConnectionStrings:Signal"], ["ConnectionStrings__Signal"], ["CUSTOMCONNSTR_Signal"]])(
    "is found as %s",
    (name) => {
      expect(endpointsOf("Signal", { [name]: own })).toEqual([{ connectionString: own }]);
    },
  );

  it("is a connection string before a setting, and a setting before an address", () => {
    const all = { Signal__serviceUri: "https://x.service.signalr.net", Signal: "2", ConnectionStrings__Signal: "1" };
    expect(endpointsOf("Signal", all)).toEqual([{ connectionString: "1" }]);
    expect(endpointsOf("Signal", { Signal__serviceUri: "https://x.service.signalr.net", Signal: " " })).toEqual([
      { connectionString: "Endpoint=https://x.service.signalr.net;AuthType=azure" },
    ]);
  });

  it("may be a path of names", () => {
    expect(endpointsOf("Chat:Signal", { Chat__Signal: own })).toEqual([{ connectionString: own }]);
  });

  it("is joined by named endpoints", () => {
    const environment = {
      Signal: own,
      Azure__SignalR__Endpoints__east: east,
      "Azure:SignalR:Endpoints:west:primary": "w",
      AZURE__SIGNALR__ENDPOINTS__SPARE__SECONDARY: "s",
      Azure__SignalR__Endpoints__odd__other: "o",
      Azure__SignalR__Endpoints__empty: "",
    };
    expect(endpointsOf("Signal", environment)).toEqual([
      { connectionString: own },
      { connectionString: east, name: "east", type: "primary" },
      { connectionString: "w", name: "west", type: "primary" },
      { connectionString: "s", name: "spare", type: "secondary" },
    ]);
  });
});

describe("The service of a setting", () => {
  afterEach(() => vi.unstubAllEnvs());
  const options = {};

  it("is one for all hubs with the same options", () => {
    vi.stubEnv("Signal", own);
    expect(serviceOf("Signal", options)).toBe(serviceOf("Signal", options));
    expect(serviceOf("Signal", { timeoutMs: 1000 })).not.toBe(serviceOf("Signal", options));
    expect(serviceOf("Signal", options).endpoints).toMatchObject([{ endpoint: "http://own" }]);
  });

  it("is missed by name", () => {
    expect(() => serviceOf("Missing", options)).toThrow('the app setting "Missing" is missing or empty');
    vi.stubEnv("Broken", "Endpoint=");
    expect(() => serviceOf("Broken", options)).toThrow(/^The app setting "Broken" cannot be used: /);
    vi.stubEnv("Identity__serviceUri", "https://x.service.signalr.net");
    expect(() => serviceOf("Identity", options)).toThrow("credential");
  });
});
