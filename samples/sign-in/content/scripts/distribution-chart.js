const svgNamespace = "http://www.w3.org/2000/svg";
/** As many as there are colours in the style sheet; the rest is one part. */
const largestParts = 5;

/** A ring of parts, and the list that says the same in words and numbers. A name keeps its colour while the numbers change. */
export class DistributionChart {
  #ring = svg("svg", { viewBox: "0 0 42 42", class: "ring", "aria-hidden": "true" });
  #list = document.createElement("ol");
  /** By name, in the order in which they were first shown. */
  #parts = new Map();

  constructor(container) {
    this.#ring.append(svg("circle", { class: "track", cx: 21, cy: 21, r: 16 }));
    container.append(this.#ring, this.#list);
  }

  /** @param distribution name → number */
  show(distribution) {
    const shown = largest(Object.entries(distribution));
    const total = shown.reduce((sum, [, number]) => sum + number, 0);
    const absent = new Set(this.#parts.keys());
    let before = 0;
    for (const [name, number] of shown) {
      const part = this.#parts.get(name) ?? this.#add(name);
      part.update(number, number / total, before);
      // In the order of numbers: those that are there already only move.
      this.#list.append(part.row);
      before += number / total;
      absent.delete(name);
    }
    for (const name of absent) this.#remove(name);
  }

  #add(name) {
    const taken = new Set([...this.#parts.values()].map(({ colour }) => colour));
    const colour = name === "Other" ? "other" : [1, 2, 3, 4, 5].find((candidate) => !taken.has(candidate));
    const part = new Part(name, colour);
    this.#ring.append(part.arc);
    this.#parts.set(name, part);
    return part;
  }

  #remove(name) {
    const { arc, row } = this.#parts.get(name);
    arc.remove();
    row.remove();
    this.#parts.delete(name);
  }
}

class Part {
  arc = svg("circle", { class: "arc", cx: 21, cy: 21, r: 16, pathLength: 100 });
  row = document.createElement("li");
  #number = text("span", "count");
  #share = text("span", "share");

  constructor(name, colour) {
    this.colour = colour;
    this.arc.dataset.colour = colour;
    this.row.dataset.colour = colour;
    this.row.append(text("span", "name", name), this.#number, this.#share);
  }

  /** @param before the shares of those in front of it */
  update(number, share, before) {
    this.#number.textContent = number.toLocaleString();
    this.#share.textContent = share.toLocaleString(undefined, { style: "percent" });
    // A little less than its share, so that parts stand apart; the whole ring, alone, closes.
    this.arc.style.strokeDasharray = share === 1 ? "101 0" : `${Math.max(share * 100 - 1, 0.5)} 100`;
    this.arc.style.strokeDashoffset = `${-before * 100}`;
  }
}

/** Of equal ones the first by name, so that they do not change places. */
function largest(entries) {
  const sorted = entries.toSorted(([a, numberOfA], [b, numberOfB]) => numberOfB - numberOfA || a.localeCompare(b));
  if (sorted.length <= largestParts) return sorted;
  const rest = sorted.slice(largestParts - 1).reduce((sum, [, number]) => sum + number, 0);
  return [...sorted.slice(0, largestParts - 1), ["Other", rest]];
}

function svg(name, attributes) {
  const element = document.createElementNS(svgNamespace, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

function text(name, className, content = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = content;
  return element;
}
