/** Sizes, times and shares as people write them: always with a unit. */
const durationUnits: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const sizeUnits: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** `30s`, `1.5h` → ms; null when it is not a time with a unit. */
export function parseDuration(text: string): number | null {
  return parse(text, durationUnits);
}

/** `512MiB` → bytes; null when it is not a size with a unit. */
export function parseSize(text: string): number | null {
  return parse(text, sizeUnits);
}

/** `1.5%` → 0.015; null when it is not a share with its sign. */
export function parsePercent(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,3})?) ?%$/.exec(text);
  return match === null ? null : Number(match[1]) / 100;
}

function parse(text: string, units: Record<string, number>): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([A-Za-z]{1,3})$/.exec(text);
  const unit = match?.[2] === undefined || !Object.hasOwn(units, match[2]) ? undefined : units[match[2]];
  return unit === undefined ? null : Math.round(Number(match?.[1]) * unit);
}
