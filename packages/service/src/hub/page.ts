/**
 * The `limit` smallest ids after `after`, in order: one page of a list that is not kept sorted. One pass, memory of one page.
 * @returns the page and whether more follow
 */
export function pageOf(ids: Iterable<string>, after: string | undefined, limit: number): { ids: string[]; more: boolean } {
  const page: string[] = [];
  for (const id of ids) {
    if (after !== undefined && id <= after) continue;
    if (page.length > limit && id >= page[limit]!) continue;
    page.splice(insertionPoint(page, id), 0, id);
    if (page.length > limit + 1) page.pop();
  }
  return { ids: page.slice(0, limit), more: page.length > limit };
}

function insertionPoint(sorted: readonly string[], id: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
