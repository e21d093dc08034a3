import { renderSVG } from "uqr";
import { DistributionChart } from "./distribution-chart.js";
import { follow, signIn } from "./sign-in.js";

const element = (id) => document.getElementById(id);
const byOS = new DistributionChart(element("by-os"));
const byBrowser = new DistributionChart(element("by-browser"));
let shown = 0;

showAddress();
const { authInfo, stats, visitor } = await signIn();
showStats(stats);
element("visitor").textContent = `You came with ${visitor.browser} on ${visitor.os}. Who comes next?`;
await follow(authInfo, { onStats: showStats, onState: showState });

/** Visits only grow in number: of messages that overtook each other the largest is the latest. */
function showStats({ totalNumber, byOS: os, byBrowser: browser }) {
  if (totalNumber <= shown) return;
  shown = totalNumber;
  element("total").textContent = totalNumber.toLocaleString();
  element("total").animate?.([{ scale: 1.06 }, { scale: 1 }], { duration: motion() });
  byOS.show(os);
  byBrowser.show(browser);
}

function showState(state) {
  element("connection").dataset.state = state;
  element("connection").textContent = { connected: "Live", reconnecting: "Reconnecting" }[state];
}

function showAddress() {
  const { origin, pathname } = location;
  const address = origin + pathname;
  element("qr-code").innerHTML = renderSVG(address, { border: 2 });
  element("address").href = address;
  element("address").textContent = address.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

function motion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 350;
}
