import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { startDevApp } from "../../../e2e/support/dev-app.ts";

it("runs", async () => {
  await using app = await startDevApp(fileURLToPath(new URL("..", import.meta.url)));
  console.log(app.output(), await (await fetch(`${app.url}/api/hello`)).text());
  expect(await app.stop()).toBe(0);
});
