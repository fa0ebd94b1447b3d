const mebibyte = 1024 * 1024;
const hour = 60 * 60_000;
const day = 24 * hour;

export interface Retention {
  maxAgeMs: number;
  maxBytes: number;
}

/** How long and how large everything in the store may get, from what the owner allows. */
export interface StoreLimits {
  maxBytes: number;
  ageMs: { fine: number; mid: number; coarse: number };
  /** Time one file covers. Shorter than the age, since a file is deleted as a whole. */
  spanMs: { fine: number; mid: number; coarse: number };
  segmentBytes: number;
  epochSpanMs: number;
  /** Encoded samples of one epoch in memory, and about what its journal takes. */
  epochBytes: number;
}

export function limitsOf({ maxAgeMs, maxBytes }: Retention): StoreLimits {
  const ageMs = { fine: Math.min(2 * day, maxAgeMs), mid: Math.min(14 * day, maxAgeMs), coarse: maxAgeMs };
  const spanMs = {
    fine: Math.min(6 * hour, Math.ceil(ageMs.fine / 8)),
    mid: Math.min(2 * day, Math.ceil(ageMs.mid / 7)),
    coarse: Math.min(30 * day, Math.ceil(ageMs.coarse / 6)),
  };
  return {
    maxBytes,
    ageMs,
    spanMs,
    segmentBytes: Math.min(32 * mebibyte, maxBytes / 16),
    epochSpanMs: Math.min(hour, spanMs.fine),
    epochBytes: Math.min(2 * mebibyte, maxBytes / 16),
  };
}
