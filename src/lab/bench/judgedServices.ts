/** Services to be judged: what twenty typical ones hold at any moment, the same for the same moment. */
import { emptySample, type Sample } from '../../model/gauge.ts';

const pageBytes = 4096;
const mebibyte = 1024 * 1024;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Services that differ in what they do; two of twenty, 10 %, leak. */
export const serviceKinds = 20;
const leaking = 2;
const flat = 8;
const daily = 14;

/** One sample of a service, `sinceMs` being its start. */
export function serviceSample(kind: number, timeMs: number, sinceMs: number): Sample {
  const ageMs = timeMs - sinceMs;
  const hours = ageMs / hourMs;
  const startBytes = (40 + 17 * kind) * mebibyte;
  const hour = Math.sin((2 * Math.PI * timeMs) / dayMs + kind);
  const sample = emptySample(timeMs);
  let bytes = startBytes + noise(kind, timeMs) * 0.02 * startBytes;
  let fds = 20 + kind;
  if (kind < leaking) {
    bytes += hours * (kind + 1) * mebibyte;
    fds += Math.floor(hours * kind);
  } else if (kind < flat) {
    bytes = startBytes + Math.floor(ageMs / dayMs) * pageBytes;
  } else if (kind < daily) {
    bytes += 0.2 * startBytes * hour;
    fds += Math.round(6 * hour + 2 * noise(kind + 200, timeMs));
  } else {
    bytes += 0.15 * startBytes * noise(kind + 300, timeMs);
    fds += Math.floor(8 * noise(kind + 400, timeMs));
  }
  sample.anonBytes = Math.round(bytes / pageBytes) * pageBytes;
  sample.swapBytes = 0;
  sample.shmemBytes = mebibyte;
  sample.fileBytes = 20 * mebibyte;
  sample.fds = fds;
  sample.threads = 4 + (kind % 9);
  sample.processes = 1 + (kind % 3);
  sample.cpuSeconds = cpuSeconds(kind, timeMs, ageMs);
  sample.startTimeMs = sinceMs;
  sample.headroomBytes = 8192 * mebibyte;
  return sample;
}

/** Cumulative, so it must not fall: a steady rate, and busy days of those that have them. */
function cpuSeconds(kind: number, timeMs: number, ageMs: number): number {
  const busy = kind >= flat && kind < daily ? 0.03 : 0.002;
  const phase = (2 * Math.PI * timeMs) / dayMs + kind;
  return (0.05 * ageMs - (busy * dayMs * Math.cos(phase)) / (2 * Math.PI)) / 1000 + 1000;
}

/** From 0 to 1, without memory: a hash of the moment. */
function noise(seed: number, timeMs: number): number {
  let hash = Math.imul((timeMs / 1000) | 0, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
