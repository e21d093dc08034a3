import { afterAll, beforeAll, describe } from "vitest";
import { chromium } from "../../../e2e/support/system-parts.ts";
import { doorsSuite } from "./doors.suite.ts";
import { pageSuite } from "./page.suite.ts";
import { type Mode, type Stage, setStage } from "./stage.ts";

/** What the sample promises in both modes. */
export function secureMessageSuite(mode: Mode): void {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage(mode);
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  describe(`The app server ${mode}`, () => doorsSuite(mode, () => stage));
  const path = chromium.find();
  describe.skipIf(path === undefined)(`The page ${mode}, in Chromium`, () => pageSuite(mode, path!, () => stage));
}
