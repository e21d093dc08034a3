import Bowser from "bowser";

/** @typedef {{ readonly os: string, readonly browser: string }} Visitor */

/**
 * What a visitor came with. Anything that is no browser is `Unknown`.
 * @param {string | null} userAgent value of the header
 * @returns {Visitor}
 */
export function visitorOf(userAgent) {
  if (!userAgent) return { os: "Unknown", browser: "Unknown" };
  const { os, browser } = Bowser.parse(userAgent);
  return { os: os.name || "Unknown", browser: browser.name || "Unknown" };
}
