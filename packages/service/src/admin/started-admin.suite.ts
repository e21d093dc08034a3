import { type IncomingHttpHeaders, request } from "node:http";
import pino from "pino";
import { onTestFinished } from "vitest";
import { loadSettings } from "../config/load.ts";
import { type Service, startService } from "../service.ts";

/** What a caller got. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  readonly json: any;
}

export interface Call {
  /** A `Host` of undefined is the real one. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON unless it is text, which is sent as it is. */
  readonly body?: unknown;
}

/** A service of its own for a test, asked on its admin port as no `fetch` could: with any header. Ends with the test. */
export class StartedAdmin {
  readonly service: Service;
  #stopped: Promise<void> | undefined;

  private constructor(service: Service) {
    this.service = service;
  }

  static async start(flags: Readonly<Record<string, string | boolean>> = {}): Promise<StartedAdmin> {
    const { settings, origins } = loadSettings({ folder: "/nonexistent", flags: { port: "0", inMemory: true, ...flags } });
    const service = await startService(settings, { log: pino({ level: "silent" }), origins });
    const admin = new StartedAdmin(service);
    onTestFinished(() => admin.stop());
    return admin;
  }

  /** Once is enough, however often. */
  stop(): Promise<void> {
    this.#stopped ??= this.service.stop();
    return this.#stopped;
  }

  call(method: string, path: string, { headers = {}, body }: Call = {}): Promise<Answer> {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const all = {
      ...(text === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
      ...headers,
    };
    const known = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: "127.0.0.1", port: this.service.adminPort, method, path, headers: known },
        async (response) => {
          let received = "";
          for await (const chunk of response.setEncoding("utf8")) received += chunk;
          const isJson = response.headers["content-type"]?.startsWith("application/json");
          const json = isJson ? JSON.parse(received) : undefined;
          resolve({ status: response.statusCode!, headers: response.headers, text: received, json });
        },
      );
      // A body that is too large may be refused while it is being sent.
      sent.on("error", reject).end(text);
    });
  }

  /** Saves templates over whatever is there. */
  save(templates: unknown, headers: Call["headers"] = { "if-match": "*" }): Promise<Answer> {
    return this.call("PUT", "/api/upstream", { body: { templates }, headers });
  }
}
