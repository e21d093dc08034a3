import type { HubConnection } from "@microsoft/signalr";
import { describe, expect, it } from "vitest";
import { control, type Stage } from "./stage.ts";

export function describeResults({ connect, server }: Stage): void {
  const answering = (connection: HubConnection) => connection.on("ask", async (question: string) => `${question}? yes!`);
  const failing = (connection: HubConnection) =>
    connection.on("ask", () => {
      throw new Error("no idea");
    });

  describe("client results", () => {
    it("asks the caller while its invocation runs", async () => {
      await using client = await connect({ prepare: answering });
      expect(await client.invoke("AskCaller", "grün")).toBe("grün? yes!");
    });

    it("asks another client", async () => {
      await using asking = await connect();
      await using answerer = await connect({ prepare: answering });
      expect(await asking.invoke("AskClient", answerer.id, "ready")).toBe("ready? yes!");
    });

    it("asks a client from outside of a call", async () => {
      await using client = await connect({ prepare: answering });
      const answer = await control(server(), "GET", `/ask/${client.id}?question=outside`);
      expect(await answer.text()).toBe("outside? yes!");
    });

    it("hears outside of a call why a client does not answer", async () => {
      await using client = await connect({ prepare: failing });
      await using silent = await connect();
      const ask = async (id: string) => (await control(server(), "GET", `/ask/${id}?question=why`)).text();
      expect(await ask(client.id)).toMatch(/^error: .*no idea/);
      expect(await ask(silent.id)).toMatch(/^error: .*Client didn't provide a result\./);
    });

    it("asks one client many times at once", async () => {
      await using asking = await connect();
      await using client = await connect({ prepare: answering });
      const questions = Array.from({ length: 20 }, (_, i) => `question ${i}`);
      const ask = async (question: string) =>
        (await control(server(), "GET", `/ask/${client.id}?question=${encodeURIComponent(question)}`)).text();
      expect(await Promise.all(questions.map(ask))).toEqual(questions.map((question) => `${question}? yes!`));
      expect(await asking.invoke("AskClient", client.id, "still")).toBe("still? yes!");
    });

    it("tells the hub what went wrong in the client", async () => {
      await using asking = await connect();
      await using answerer = await connect({ prepare: failing });
      expect(await asking.invoke("ErrorOfAsking", answerer.id, "why")).toContain("no idea");
    });

    it("tells the hub that the client has no answer", async () => {
      await using asking = await connect();
      await using silent = await connect();
      expect(await asking.invoke("ErrorOfAsking", silent.id, "why")).toContain("Client didn't provide a result.");
    });

    it("tells the hub that there is no such client", async () => {
      await using client = await connect();
      expect(await client.invoke("ErrorOfAsking", "nobody", "why")).toMatch(/^error: /);
    });

    it("tells the hub that the client has gone meanwhile", async () => {
      await using asking = await connect();
      let asked = false;
      await using leaving = await connect({
        prepare: (connection) =>
          connection.on("ask", () => {
            asked = true;
            return new Promise<string>(() => {});
          }),
      });
      const outcome = asking.invoke("ErrorOfAsking", leaving.id, "why");
      await expect.poll(() => asked).toBe(true);
      await leaving.connection.stop();
      expect(await outcome).toMatch(/^error: .*disconnected/);
    });

    it("stops waiting when the hub loses patience", async () => {
      await using client = await connect({
        prepare: (connection) => connection.on("never", () => new Promise<string>(() => {})),
      });
      expect(await client.invoke("AskInVain")).toMatch(/^cancelled/);
      expect(await client.invoke("Echo", "still here")).toBe("still here");
    });
  });
}
