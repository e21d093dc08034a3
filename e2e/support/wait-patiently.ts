import { vi } from "vitest";
import { patience } from "./patience.ts";

// `expect.poll` takes its limit from the configuration; `vi.waitFor` has no such setting.
const { waitFor } = vi;
vi.waitFor = (callback, options) =>
  waitFor(callback, typeof options === "number" ? { timeout: options } : { timeout: patience, ...options });
