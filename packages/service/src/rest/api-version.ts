/** Versions chosen by `?api-version=` on `/api/hubs/…` (reference serverless-upstream §4.1), oldest first. */
export const datedVersions = ["2022-06-01", "2022-11-01", "2023-07-01", "2024-12-01", "2026-07-01"] as const;
export type DatedVersion = (typeof datedVersions)[number];

/** The two old versions are chosen by their path, `/api/v1-preview/hub/…` and `/api/v1/hubs/…`. */
export const versions = ["v1-preview", "v1", ...datedVersions] as const;
/** So are those of raw WebSockets, `/ws/api/v1/…` and `/ws/api/…`. */
export const rawVersions = ["raw-v1", "raw"] as const;
export type Version = (typeof versions)[number] | (typeof rawVersions)[number];

export const newestVersion: DatedVersion = "2026-07-01";
const known: ReadonlySet<string> = new Set(datedVersions);
const form = /^\d{4}-\d{2}-\d{2}(?:-preview)?$/;

/**
 * The version that answers a request on `/api/hubs/…`. Without `api-version` it is the newest, as in the official emulator. So it is for
 * a version later than any known, because the routes an SDK of next year shares with today's keep working.
 * @returns undefined for a version that never was
 */
export function datedVersion(asked: string | undefined): DatedVersion | undefined {
  if (asked === undefined) return newestVersion;
  if (known.has(asked)) return asked as DatedVersion;
  return form.test(asked) && asked > newestVersion ? newestVersion : undefined;
}

/** True when `version` is `since` or later. */
export function isSince(version: DatedVersion, since: DatedVersion): boolean {
  return datedVersions.indexOf(version) >= datedVersions.indexOf(since);
}
