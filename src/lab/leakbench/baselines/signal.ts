import type { Sample } from '../../../model/gauge.ts';
import { isValue, type Reading } from '../../../model/reading.ts';
import type { Resource } from '../../../model/verdict.ts';

/** What a user of a monitoring system would point a rule at: resident memory for memory, the gauge itself else. NaN when absent. */
export function signalOf(sample: Sample, resource: Resource): number {
  switch (resource) {
    case 'memory':
      return sumOf(sample.anonBytes, sample.fileBytes);
    case 'shmem':
      return sumOf(sample.shmemBytes);
    case 'kernel':
      return sumOf(sample.kernelBytes);
    default:
      return sumOf(sample[resource]);
  }
}

/** The wall that such a rule would be given. */
export function wallOf(sample: Sample, resource: Resource, signal: number): number {
  if (resource === 'fds') return isValue(sample.fdLimit) ? sample.fdLimit : Number.NaN;
  if (isValue(sample.limitBytes) && sample.limitBytes > 0) return sample.limitBytes;
  return isValue(sample.headroomBytes) ? signal + sample.headroomBytes : Number.NaN;
}

function sumOf(first: Reading<number>, second?: Reading<number>): number {
  const base = isValue(first) ? first : Number.NaN;
  return second !== undefined && isValue(second) ? base + second : base;
}
