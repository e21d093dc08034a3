import { expect, it } from "vitest";
import { TextPool } from "./text-pool.ts";

it("answers equal texts, however many different ones pass through", () => {
  const pool = new TextPool();
  for (let i = 0; i < 2_500; i++) expect(pool.share(`?hub=ü&n=${i % 1_200}`)).toBe(`?hub=ü&n=${i % 1_200}`);
});
