import { randomUUID } from "node:crypto";
import { odata, TableClient } from "@azure/data-tables";
import { storage } from "./storage.js";

/** @typedef {import("./visitor.js").Visitor} Visitor */
/** @typedef {Readonly<Record<string, number>>} Distribution name → visits */
/** @typedef {{ readonly totalNumber: number, readonly byOS: Distribution, readonly byBrowser: Distribution }} Stats */

const partitionKey = "SignIn";
const table = TableClient.fromConnectionString(storage, "SignInInfo", { allowInsecureConnection: true });

/** Nothing happens when it is there. */
export async function createTable() {
  await table.createTable();
}

/**
 * Each visit is an entity of its own: visits that come at the same time do not get in each other's way, and none is lost.
 * @param {Visitor} visitor
 */
export async function recordVisit({ os, browser }) {
  await table.createEntity({ partitionKey, rowKey: randomUUID(), OS: os, Browser: browser });
}

/**
 * Counts all visits recorded so far, one's own among them.
 * @returns {Promise<Stats>}
 */
export async function readStats() {
  /** @type {Map<string, number>} */
  const byOS = new Map();
  /** @type {Map<string, number>} */
  const byBrowser = new Map();
  let totalNumber = 0;
  const queryOptions = { filter: odata`PartitionKey eq ${partitionKey}`, select: ["OS", "Browser"] };
  for await (const { OS, Browser } of table.listEntities({ queryOptions })) {
    totalNumber++;
    count(byOS, OS);
    count(byBrowser, Browser);
  }
  return { totalNumber, byOS: Object.fromEntries(byOS), byBrowser: Object.fromEntries(byBrowser) };
}

/**
 * @param {Map<string, number>} visits
 * @param {unknown} name
 */
function count(visits, name) {
  const key = String(name);
  visits.set(key, (visits.get(key) ?? 0) + 1);
}
