import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compatibilityPage } from "./compatibility.ts";
import { openApiDocument } from "./openapi.ts";
import { basePaths, type Family } from "./route.ts";
import { routeTable } from "./route-table.ts";
import { StartedRest } from "./started-rest.suite.ts";

const docs = "../../../../docs";

let rest: StartedRest;
beforeAll(async () => {
  rest = await StartedRest.start();
});
afterAll(() => rest.stop());

describe("the OpenAPI document", () => {
  const document = openApiDocument(routeTable) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  };

  it("is valid OpenAPI 3.1", async () => {
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
  });

  it("has every route of every family once, under ids of their own", () => {
    const expected = routeTable.flatMap((route) => Object.keys(route.served).flatMap(() => route.methods)).length;
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(operations).toHaveLength(expected);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(expected);
  });

  it("is what docs/openapi.json holds", async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot(`${docs}/openapi.json`);
  });

  it("is served", async () => {
    expect(await (await rest.call("GET", "/api/openapi.json", { token: null })).json()).toEqual(
      JSON.parse(JSON.stringify(document)),
    );
  });
});

describe("docs/compatibility.md", () => {
  it("is what the route table says", async () => {
    await expect(compatibilityPage(routeTable)).toMatchFileSnapshot(`${docs}/compatibility.md`);
  });

  it("gives a reason for each difference", () => {
    for (const { differences } of routeTable)
      for (const { what, why } of differences)
        expect([what, why]).toEqual([expect.stringMatching(/\.$/), expect.stringMatching(/\.$/)]);
  });
});

describe("the route table", () => {
  it("declares every part of every path, and nothing else", () => {
    for (const { paths, parameters } of routeTable) {
      const declared = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      for (const path of paths)
        expect([path, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()]).toEqual([path, declared.sort()]);
    }
  });

  it("shows only paths that are served", () => {
    for (const { paths, served } of routeTable) {
      for (const [family, { path }] of Object.entries(served)) {
        if (path !== undefined) expect(paths).toContain(path);
        expect(basePaths).toHaveProperty([family as Family]);
        expect(family === "dated").toBe(served[family as Family]?.since !== undefined);
      }
    }
  });
});
