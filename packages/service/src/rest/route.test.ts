import { describe, expect, it } from "vitest";
import type { Command } from "../hub/command.ts";
import { type Call, executeAll } from "./route.ts";

describe("Many commands of one request", () => {
  it("are carried out in order and leave turns of the event loop to others", async () => {
    const done: string[] = [];
    // Hubs that take 20 ms for each command: how long real ones take depends on the machine.
    const hubs = {
      async execute(_hub: string, { group }: { group: string }) {
        for (const end = performance.now() + 20; performance.now() < end; );
        done.push(group);
      },
    };
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const commands = Array.from({ length: 10 }, (_, at): Command => ({ do: "leave", group: `${at}`, member: { user: "u" } }));
    await executeAll({ hubs } as unknown as Call, { hub: "h" }, commands);
    clearInterval(others);
    expect(done).toEqual(commands.map((_, at) => `${at}`));
    expect(turns).toBeGreaterThanOrEqual(2);
  });
});
